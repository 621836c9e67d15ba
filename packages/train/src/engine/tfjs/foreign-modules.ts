/**
 * tfjs packages that are not ours to install: their CommonJS files, run with the tfjs that is loaded already in place of the one that they
 * would bring, and with whatever globals they expect. Nothing outside them sees either.
 */
import { readFileSync } from 'node:fs'
import { createRequire, isBuiltin } from 'node:module'
import { dirname, join } from 'node:path'
import { compileFunction } from 'node:vm'

export interface ForeignOptions {
  /** What `require` gives them, by the name that they ask for. */
  readonly modules: Readonly<Record<string, object>>
  /** Besides what every module sees. */
  readonly globals?: Readonly<Record<string, unknown>>
}

const require = createRequire(import.meta.url)

/** A function that loads a file below `root`, and what it requires by relative path, each once. */
export function foreignLoader(root: string, { modules, globals = {} }: ForeignOptions): (path: string) => object {
  const loaded = new Map<string, { exports: object }>()
  const parameters = ['exports', 'require', 'module', ...Object.keys(globals)]
  const loadFile = (file: string): object => {
    const known = loaded.get(file)
    if (known !== undefined) return known.exports
    const module = { exports: {} }
    loaded.set(file, module)
    const requireFrom = (name: string): object => {
      const given = modules[name]
      if (given !== undefined) return given
      if (isBuiltin(name)) return require(name)
      if (!name.startsWith('.')) throw new Error(`internal: ${file} wants ${name}`)
      return loadFile(`${join(dirname(file), name).replace(/\.js$/, '')}.js`)
    }
    const run = compileFunction(readFileSync(file, 'utf8'), parameters, { filename: file })
    run.call(module.exports, module.exports, requireFrom, module, ...Object.values(globals))
    return module.exports
  }
  return (path) => loadFile(join(root, path))
}
