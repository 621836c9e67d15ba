/** Where set-up WebGPU lies in the user's cache: Dawn's binary for this machine, and tfjs's backend. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder } from 'mnist-infer/setup'
import type { NpmPackage } from './npm-package.js'

/** Dawn for Node. */
export const DAWN: NpmPackage = {
  name: 'webgpu',
  version: '0.6.2',
  integrity: '3L4GfmqJLvYUIEWJngEQY+2HQiUlAFkg8+P8NDDj3Xx5hHHIFO/r8JW+ynfqBj7kHN4mbnwO74uB+lrRtLhp4Q==',
}

export const WEBGPU_BACKEND: NpmPackage = {
  name: '@tensorflow/tfjs-backend-webgpu',
  version: '4.22.0',
  integrity: 'lvIc7Af4Tl2BCdYp43iQmSCRq3asaKT0q2xaErphXiUZ+jqeB0bQa0ZvQys1Xatvto0U4/c90DVsHPfvkn5ftg==',
}

/** The backend in one file, for Node's `require`. */
export const WEBGPU_BACKEND_FILE = 'tf-backend-webgpu.node.js'

export function webgpuFolder(environment: NodeJS.ProcessEnv = process.env): string {
  return join(cacheFolder(environment), 'webgpu', `${DAWN.version}-${dawnPlatform()}`)
}

export function findWebgpuFolder(): string | undefined {
  const folder = webgpuFolder()
  return existsSync(dawnFile(folder)) ? folder : undefined
}

/** The binary in a folder of the package's layout. */
export function dawnFile(folder: string): string {
  return join(folder, 'dist', dawnPlatform(), 'dawn.node')
}

/** As the package names its folders. */
export function dawnPlatform(): string {
  return process.platform === 'darwin' ? 'darwin-universal' : `${process.platform}-${process.arch}`
}
