/** Which training-step graph the engine runs: the place where a graph for this machine takes the portable one's. */
import { compositeTrainingStep, lowerTrainingStep, type Model, trainingStep } from 'mnist-export'

export interface StepGraphOptions {
  /** Whether the initializer of this name is trained. */
  readonly trainable: (initializer: string) => boolean
  /** Pictures of the step that the graph is wanted for. */
  readonly batch: number
  /** CPU threads that will run it. */
  readonly threads: number
  /** What will run it. */
  readonly provider: 'cpu' | 'cuda'
  /** A step on a part of a batch, which gives gradients summed over it and updates nothing. */
  readonly part: boolean
}

export interface StepGraph {
  readonly model: Model
  /** The batch size that the graph is made for; undefined where it takes any. */
  readonly batch: number | undefined
}

/** `model` is the network in training form. CUDA has kernels of its own for what the lowering spells out for a CPU. */
export function stepGraph(model: Model, { trainable, batch, provider, part }: StepGraphOptions): StepGraph {
  const options = { trainable, gradients: part, firstRow: part }
  if (provider === 'cuda') return { model: trainingStep(model, options), batch: undefined }
  return { model: lowerTrainingStep(compositeTrainingStep(model, options), { batch }), batch }
}
