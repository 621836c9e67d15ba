/** The proof of a set-up: one training step of LeNet-5 on it, in a process of its own, against ONNX Runtime's. */
import { UserError } from 'mnist-export'
import { type MeasureRequest, measure } from '../doctor/measure.js'
import type { EngineName } from '../engine/names.js'

interface FirstStep {
  /** Where it was built. */
  readonly folder: string
  readonly engine: EngineName
  readonly signal: AbortSignal | undefined
}

/** float32 sums in another order on the CPU; on a GPU convolutions round their inputs to TF32's 10 bits (10⁻³). */
const TOLERANCE: Readonly<Partial<Record<EngineName, number>>> = {
  'tfjs-node': 1e-5,
  'tfjs-gpu': 5e-3,
  'tfjs-webgpu': 1e-3,
}

/**
 * Returns what it ran on, in words.
 * @throws UserError ENVIRONMENT where it does not load, crashes, or computes something else
 */
export async function checkFirstStep({ folder, engine, signal }: FirstStep): Promise<string> {
  const request: Omit<MeasureRequest, 'engine'> = { network: 'lenet5', batchSize: 16, threads: 1, steps: 2, seconds: 0 }
  const [ours, reference] = [
    await measure({ ...request, engine, native: folder }, signal),
    await measure({ ...request, engine: 'onnx' }, signal),
  ]
  const tolerance = TOLERANCE[engine] ?? 1e-3
  for (const [step, loss] of reference.losses.entries()) {
    const found = ours.losses[step] ?? Number.NaN
    if (Math.abs(found - loss) <= tolerance) continue
    throw new UserError(
      'ENVIRONMENT',
      `${engine}: expected the loss ${loss} of ONNX Runtime in step ${step}, within ${tolerance}, found ${found}. ` +
        'Its binding is not to be trusted and was not kept; use --engine onnx',
    )
  }
  return ours.description
}
