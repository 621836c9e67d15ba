// Bundles what reads a picture from a cold start, yargs among it, into dist/command: 150 small modules take Node longer to find and load
// than the picture takes to read. Runs after tsc, on what tsc emitted.
import { readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'rolldown'

const path = (name) => fileURLToPath(new URL(name, import.meta.url))

/** Bundled; every other package stays a package. */
const BUNDLED = /^(?:yargs|mnist-export\/(?:cli|reader)|@bufbuild\/protobuf\/wire)$/

/** Commands that need more than a picture stay as tsc emitted them; some start workers from files beside them. */
const APART = /^\.\/(?!classify-)[\w-]+-command\.js$/

/** Loads the converter's writing side, and is itself loaded for WebGPU alone. */
const MEND = './webgpu-convolutions.js'

/** Never bundled: an error's class must be one and the same. */
const ERRORS = await realpath(fileURLToPath(import.meta.resolve('mnist-export/errors')))

const outside = {
  name: 'outside',
  resolveId(source, importer) {
    if (source === '../errors.js' && resolve(dirname(importer), source) === ERRORS)
      return { id: 'mnist-export/errors', external: true }
    const ours = importer !== undefined && !importer.includes('node_modules')
    if (!ours) return null
    if (source === 'mnist-export')
      throw new Error(
        `${importer}: expected mnist-export/errors or /reader, found all of the converter: 100 ms for nothing`,
      )
    if (source === MEND) return { id: '../runtime/webgpu-convolutions.js', external: true }
    if (APART.test(source)) return { id: `../cli/${source.slice(2)}`, external: true }
    const bare = !source.startsWith('.') && !source.startsWith('/')
    return bare && !BUNDLED.test(source) ? { id: source, external: true } : null
  },
}

/** The licences of the packages that chunks hold code of. */
async function licences(chunks) {
  const modules = chunks.flatMap(({ moduleIds = [] }) => moduleIds)
  const folders = modules.flatMap((module) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(module)?.[0] ?? [])
  const texts = [...new Set(folders)].sort().map(async (folder) => {
    const { name, version, license } = JSON.parse(await readFile(`${folder}/package.json`, 'utf8'))
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry))
    const text = file === undefined ? '' : await readFile(`${folder}/${file}`, 'utf8')
    return `${name} ${version}, ${license}\n\n${text.trim()}\n`
  })
  return (await Promise.all(texts)).join('\n\n')
}

await rm(path('dist/command'), { recursive: true, force: true })
const { output } = await build({
  input: { main: path('dist/cli/bin.js') },
  platform: 'node',
  plugins: [outside],
  output: { dir: path('dist/command'), format: 'es', sourcemap: true, minify: { compress: true, mangle: false } },
  logLevel: 'warn',
})
await writeFile(path('dist/command/LICENCES.txt'), await licences(output))
