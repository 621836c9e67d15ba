// `npm run web`: serves dist/site on this machine alone, with the headers that a careful host sends.
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, normalize, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
}

const ENCODINGS = [
  ['br', '.br'],
  ['gzip', '.gz'],
]

/** COOP and COEP make the page cross-origin isolated: threads. */
export const HEADERS = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
}

/** A server of the static files in `root`; `headers` go with every answer. */
export function createStaticServer(root, headers = HEADERS) {
  return createServer((request, response) => {
    answer(root, request, response, headers).catch(() => {
      response.writeHead(500).end()
    })
  })
}

/** The same, on a free port of this machine: its `url`, which ends in a slash, and `close`, which ends its connections too. */
export async function startStaticServer(root, headers) {
  const server = createStaticServer(root, headers)
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://localhost:${server.address().port}/`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

async function answer(root, request, response, headers) {
  const path = fileOf(root, request.url ?? '/')
  const found = path === undefined ? undefined : await stat(path).catch(() => undefined)
  if (found === undefined || !found.isFile()) {
    response.writeHead(404, { 'content-type': 'text/plain', ...headers }).end('404: there is no such file\n')
    return
  }
  const etag = `"${found.size.toString(36)}-${found.mtimeMs.toString(36)}"`
  const common = {
    ...headers,
    etag,
    vary: 'accept-encoding',
    'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
  }
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304, common).end()
    return
  }
  const { file, size, encoding } = await packed(path, found.size, String(request.headers['accept-encoding'] ?? ''))
  response.writeHead(200, {
    ...common,
    ...(encoding === undefined ? {} : { 'content-encoding': encoding }),
    'content-length': size,
  })
  if (request.method === 'HEAD') response.end()
  else createReadStream(file).pipe(response)
}

/** Undefined for what is outside of the folder. */
function fileOf(root, url) {
  const path = decodeURIComponent(new URL(url, 'http://localhost').pathname)
  const file = normalize(join(root, path.endsWith('/') ? `${path}index.html` : path))
  return file.startsWith(root + sep) ? file : undefined
}

/** The packed form that the build made and the browser takes, or the file itself. */
async function packed(path, size, accepted) {
  for (const [encoding, suffix] of ENCODINGS) {
    if (!accepted.includes(encoding)) continue
    const found = await stat(path + suffix).catch(() => undefined)
    if (found !== undefined) return { file: path + suffix, size: found.size, encoding }
  }
  return { file: path, size, encoding: undefined }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const port = Number(process.env.PORT ?? 8080)
  const server = createStaticServer(join(fileURLToPath(new URL('.', import.meta.url)), 'dist', 'site'))
  server.on('error', (error) => {
    console.error(`port ${port}: expected it to be free, found: ${error.message}; name another: PORT=8081 npm run web`)
    process.exitCode = 1
  })
  server.listen(port, '127.0.0.1', () => console.log(`http://localhost:${port}`))
}
