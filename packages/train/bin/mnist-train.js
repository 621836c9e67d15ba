#!/usr/bin/env node
// The command is linked at installation, before anything is built: this file is always there.
import('../dist/cli/bin.js').catch((error) => {
  const unbuilt = error.code === 'ERR_MODULE_NOT_FOUND' && error.message.includes('bin.js')
  console.error(unbuilt ? 'mnist-train: not built yet. Run: npm run build' : error)
  process.exitCode = 1
})
