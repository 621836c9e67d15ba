/** Packages of npm that are unpacked into a folder and nothing more: no scripts, no dependencies. */
import { createHash } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from 'mnist-export'
import { lastWords, runTool, type ToolOptions } from 'mnist-infer/setup'

export interface NpmPackage {
  readonly name: string
  readonly version: string
  /** SHA-512 of the file in base 64, as npm's lock files have it. */
  readonly integrity: string
}

/** TensorFlow's binding for Node, source and JavaScript. */
export const TFJS_NODE: NpmPackage = {
  name: '@tensorflow/tfjs-node',
  version: '4.22.0',
  integrity: 'uHrXeUlfgkMxTZqHkESSV7zSdKdV0LlsBeblqkuKU9nnfxB1pC6DtoyYVaLxznzZy7WQSegjcohxxCjAf6Dc7w==',
}

/** Node-API's headers, for whichever Node is here. */
export const NODE_HEADERS: NpmPackage = {
  name: 'node-api-headers',
  version: '1.9.0',
  integrity: '2oNILP4jXwRB4ywnYKjVk1YyJ96n2D4EOVJO6S3oYZ5PtbJrw3Yt9TpAuX3nBLMuzn74rnfGQrv13pS9vC+YiA==',
}

interface UnpackOptions extends ToolOptions {
  /** A folder that may have the package's file; else npm fetches it. */
  readonly from?: string | undefined
  /** Folder to unpack into. */
  readonly into: string
}

/** @throws UserError ENVIRONMENT, NETWORK where npm can't bring it, INPUT where it is another file */
export async function unpackNpmPackage(wanted: NpmPackage, { from, into, ...options }: UnpackOptions): Promise<void> {
  await mkdir(into, { recursive: true })
  // tensorflow-tfjs-node-4.22.0.tgz, as `npm pack` calls it
  const file = `${wanted.name.replace('@', '').replace('/', '-')}-${wanted.version}.tgz`
  const given = from === undefined ? undefined : await readFile(join(from, file)).catch(() => undefined)
  const path = given === undefined ? join(into, file) : join(from as string, file)
  if (given === undefined) await fetchPackage(wanted, { into, ...options })
  const found = createHash('sha512')
    .update(given ?? (await readFile(path)))
    .digest('base64')
  if (found !== wanted.integrity) {
    throw new UserError('INPUT', `${path}: expected SHA-512 ${wanted.integrity}, found ${found}. Fetch it again`)
  }
  const result = await runTool('tar', ['-xzf', path, '-C', into, '--strip-components=1'], options)
  if (result?.status === 0) return
  throw new UserError(
    'ENVIRONMENT',
    `tar: expected it to unpack ${path}, found: ${result === undefined ? 'no tar. Run: sudo apt-get install tar' : lastWords(result)}`,
  )
}

async function fetchPackage({ name, version }: NpmPackage, { into, ...options }: UnpackOptions): Promise<void> {
  // In the folder itself: the project's own .npmrc and workspaces are not its business.
  const args = ['pack', `${name}@${version}`, '--silent', '--ignore-scripts', '--pack-destination', into]
  const result = await runTool('npm', args, { ...options, cwd: into })
  if (result?.status === 0) return
  if (result === undefined) {
    throw new UserError('ENVIRONMENT', 'npm: expected it beside Node, found none. Install it from https://nodejs.org')
  }
  throw new UserError(
    'NETWORK',
    `${name} ${version}: expected npm to bring it, found: ${lastWords(result)}. ` +
      `Run where there is a network: npm pack ${name}@${version}; and name its folder with --wheel`,
  )
}
