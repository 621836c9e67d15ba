#!/usr/bin/env node
// The command is linked at installation, before anything is built: this file is always there.
import { statSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'

// A single picture is read before optimised code pays: compiling it would take as long as all the rest. Five times Node 20's own patience
// loses nothing on many pictures. Later Nodes have a quicker compiler between, and another flag.
if (process.versions.node.startsWith('20.')) setFlagsFromString('--interrupt-budget=660000')

const modified = (name) =>
  statSync(new URL(`../dist/${name}`, import.meta.url), { throwIfNoEntry: false })?.mtimeMs ?? 0

// After tsc alone, as in an editor's watch, the bundle is the older one.
const bundled = modified('command/main.js') > modified('.tsbuildinfo')

import(bundled ? '../dist/command/main.js' : '../dist/cli/bin.js').catch((error) => {
  const unbuilt = error.code === 'ERR_MODULE_NOT_FOUND' && error.message.includes('bin.js')
  console.error(unbuilt ? 'mnist-infer: not built yet. Run: npm run build' : error)
  process.exitCode = 1
})
