/** ONNX Runtime's providers: each opened and measured in a process of its own, since native code may crash. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { ProviderName } from '../runtime/session.js'
import type { Finding } from './finding.js'

export interface ProviderRequest {
  readonly provider: ProviderName
  /** How long to measure; 0: open it, and run it once. */
  readonly seconds: number
}

/** What the process prints. */
export type ProviderAnswer =
  | { readonly imagesPerSecond?: number; readonly memoryMiB: number }
  | { readonly error: string }

const PROCESS = fileURLToPath(new URL('./provider-process.js', import.meta.url))

interface Known {
  readonly name: ProviderName
  readonly device: string
  readonly remedy?: string
}

const KNOWN: readonly Known[] = [
  { name: 'cpu', device: 'CPU', remedy: 'npm ci' },
  { name: 'cuda', device: 'NVIDIA GPU', remedy: 'mnist-infer setup cuda' },
  { name: 'webgpu', device: 'GPU by WebGPU' },
]

/** What would have it, by what was found; the first that fits. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/no NVIDIA GPU/, 'needs an NVIDIA GPU and its driver'],
  [/vulkan|adapter|webgpu|dawn/i, 'needs a GPU with a Vulkan, Metal or Direct3D 12 driver'],
  [/libcuda\.so|driver/i, 'needs NVIDIA’s driver, 580 or later'],
]

/** In order: two that measure at once would slow each other down. */
export async function checkProviders(seconds: number): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const { name, device, remedy } of KNOWN) {
    const answer = await ask({ provider: name, seconds })
    if (!('error' in answer)) {
      findings.push({ kind: 'provider', name, works: true, detail: device, ...answer })
      continue
    }
    const mend = REMEDIES.find(([pattern]) => pattern.test(answer.error))?.[1] ?? remedy
    const detail = inFewWords(answer.error)
    findings.push({ kind: 'provider', name, works: false, detail, ...(mend === undefined ? {} : { remedy: mend }) })
  }
  return findings
}

/** Without our frame around ONNX Runtime's words, and its source file and condition before them. */
function inFewWords(error: string): string {
  return error
    .replace(/^provider \w+: expected it to be here, found: /, '')
    .replace(/; it needs .*$/, '')
    .replace(/^.* was false\. /, '')
}

function ask(request: ProviderRequest): Promise<ProviderAnswer> {
  return new Promise((resolve) => {
    execFile(process.execPath, [PROCESS, JSON.stringify(request)], (error, stdout, stderr) => {
      try {
        resolve(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''))
      } catch {
        const words = stderr.trim().split('\n').at(-1) ?? ''
        resolve({ error: error?.signal ? `its process ended by ${error.signal}` : words || 'its process says nothing' })
      }
    })
  })
}
