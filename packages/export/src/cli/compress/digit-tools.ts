/**
 * Digits and a runtime to measure accuracy with: those of mnist-infer, where the user has it. This package needs neither for anything
 * else, so that it is not among its dependencies.
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { LabelledDigits, ModelSession } from '../../compress/index.js'
import { UserError } from '../../errors.js'

/** The part of mnist-infer that is used. */
export interface DigitTools {
  loadDataset(options: { data: string; onNotice?: (line: string) => void }): Promise<{
    readonly train: LabelledDigits
    readonly test: LabelledDigits
    readonly source: { readonly description: string }
  }>
  openSession(model: Uint8Array, options: { provider: 'cpu' }): Promise<ModelSession>
}

const MODULES = ['mnist-infer/mnist', 'mnist-infer/runtime'] as const

/** From the working folder first, then from where this package is installed. @throws UserError ENVIRONMENT that says what to install. */
export async function loadDigitTools(): Promise<DigitTools> {
  let missing: unknown
  for (const place of [join(process.cwd(), 'package.json'), import.meta.url]) {
    const require = createRequire(place)
    let paths: readonly string[]
    try {
      paths = MODULES.map((name) => require.resolve(name))
    } catch (error) {
      missing ??= error
      continue
    }
    const [mnist, runtime] = await Promise.all(paths.map((path) => import(pathToFileURL(path).href)))
    return { loadDataset: mnist.loadDataset, openSession: runtime.openSession }
  }
  throw new UserError(
    'ENVIRONMENT',
    '--precision: expected mnist-infer to be installed, to measure the accuracy with, found it missing; ' +
      'run: npm install mnist-infer; or go without the measurement: --data none',
    { cause: missing },
  )
}
