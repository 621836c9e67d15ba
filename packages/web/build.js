// Builds dist/lib (the element, its worker, the runtime's files, the default model) and dist/site (the page, with dist/lib in it).
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { build } from 'rolldown'
import { DEFAULT_FILE, writeDefaultModel, writeModels } from './models.js'

const HERE = dirname(fileURLToPath(import.meta.url))
const LIB = join(HERE, 'dist', 'lib')
const SITE = join(HERE, 'dist', 'site')

/** onnxruntime-web's own files, as they are: by entry point, the script and the binary that it loads. */
const RUNTIME = {
  'onnxruntime-web/wasm': ['ort.wasm.bundle.min.mjs', 'ort-wasm-simd-threaded.wasm'],
  'onnxruntime-web/webgpu': ['ort.webgpu.bundle.min.mjs', 'ort-wasm-simd-threaded.asyncify.wasm'],
}

/** Leaves imports of the runtime to the files in `ort/`, and of `mnist-digit` to the library beside the page. */
const outside = {
  name: 'outside',
  resolveId(source) {
    if (source in RUNTIME) return { id: `./ort/${RUNTIME[source][0]}`, external: true }
    if (source === 'mnist-digit') return { id: './mnist-digit/index.js', external: true }
    return null
  },
}

const { dependencies } = JSON.parse(await readFile(join(HERE, 'package.json'), 'utf8'))

const shared = {
  transform: {
    define: {
      RUNTIME_VERSION: JSON.stringify(dependencies['onnxruntime-web']),
      DEFAULT_MODEL_PATH: JSON.stringify(`./models/${DEFAULT_FILE}`),
    },
  },
  platform: 'browser',
  plugins: [outside],
  resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
  treeshake: { moduleSideEffects: false },
  onwarn(warning, warn) {
    if (warning.code !== 'EMPTY_IMPORT_META') warn(warning)
  },
}

/** What the two entries of the library share is the element. */
const chunkFileNames = ({ name }) => (name === 'src' ? 'element.js' : '[name].js')

function output(dir) {
  return { dir, format: 'es', minify: true, sourcemap: true, entryFileNames: '[name].js', chunkFileNames }
}

async function buildLibrary() {
  await rm(LIB, { recursive: true, force: true })
  await build({
    ...shared,
    input: { index: join(HERE, 'src/index.ts'), 'mnist-digit': join(HERE, 'src/define.ts') },
    treeshake: true,
    output: output(LIB),
  })
  await build({
    ...shared,
    input: { worker: join(HERE, 'src/worker/worker.ts') },
    treeshake: true,
    output: output(LIB),
  })
  const from = dirname(createRequire(import.meta.url).resolve('onnxruntime-web/wasm'))
  await mkdir(join(LIB, 'ort'), { recursive: true })
  for (const file of Object.values(RUNTIME).flat()) await cp(join(from, file), join(LIB, 'ort', file))
}

async function buildSite() {
  await rm(SITE, { recursive: true, force: true })
  await build({
    ...shared,
    input: { main: join(HERE, 'site/main.ts'), preload: join(HERE, 'site/preload.ts') },
    treeshake: true,
    output: output(SITE),
  })
  for (const file of ['index.html', 'site.css', 'panels.css', 'icon.svg'])
    await cp(join(HERE, 'site', file), join(SITE, file))
  await cp(LIB, join(SITE, 'mnist-digit'), { recursive: true })
}

/** The service worker, told what to keep: every script and style, the list of models; not the other runtime, nor what the element keeps. */
async function writeOffline() {
  const left = /\.(map|wasm|onnx)$|ort\.webgpu/
  const files = (await readdir(SITE, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && !left.test(entry.name))
    .map((entry) => `./${relative(SITE, join(entry.parentPath, entry.name)).split(sep).join('/')}`)
  const source = await readFile(join(HERE, 'site', 'offline.js'), 'utf8')
  const told = source.replace('const FILES = []', `const FILES = ${JSON.stringify(['./', ...files.sort()])}`)
  if (told === source) throw new Error('site/offline.js: expected a line "const FILES = []", found none')
  await writeFile(join(SITE, 'offline.js'), told)
}

/** Beside each file of some size its .br and .gz, for servers that hand those out. */
async function compress(folder) {
  for (const entry of await readdir(folder, { recursive: true })) {
    const path = join(folder, entry)
    if (!/\.(js|mjs|css|html|svg|json|wasm)$/.test(path) || !(await stat(path)).isFile()) continue
    const bytes = await readFile(path)
    if (bytes.length < 1024) continue
    // The best that brotli can do takes a minute for the binaries, and wins 3 % over this.
    const params = { [constants.BROTLI_PARAM_QUALITY]: bytes.length > 1e6 ? 6 : 11 }
    await writeFile(`${path}.br`, await promisify(brotliCompress)(bytes, { params }))
    await writeFile(`${path}.gz`, await promisify(gzip)(bytes, { level: 6 }))
  }
}

await buildLibrary()
// Another folder of models may be named, to try one that is not released.
const from = process.argv[2] ?? join(HERE, '..', '..', 'models')
await writeDefaultModel({ from, to: join(LIB, 'models') })
await buildSite()
await writeModels({ from, to: join(SITE, 'mnist-digit', 'models') })
await writeOffline()
await compress(SITE)
