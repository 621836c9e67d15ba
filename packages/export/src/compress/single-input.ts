/** The one thing that a model is given: what its graph lists as inputs besides its constants, which old files list there too. */
import type { Graph, ValueInfo } from '../onnx/model.js'

export interface SingleInput {
  readonly input: ValueInfo
  /** Examples a run, where the model fixes it. */
  readonly batch: number | undefined
}

/** Undefined where there are several, or none. */
export function singleInput({ inputs, initializers }: Graph): SingleInput | undefined {
  const constants = new Set(initializers.map(({ name }) => name))
  const [input, ...others] = inputs.filter(({ name }) => !constants.has(name))
  if (input === undefined || others.length > 0) return undefined
  const [first] = input.shape
  return { input, batch: typeof first === 'number' && first > 0 ? first : undefined }
}
