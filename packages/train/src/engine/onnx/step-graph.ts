/** Which training-step graph the engine runs: the place where a graph for this machine takes the portable one's. */
import { compositeTrainingStep, lowerTrainingStep, type Model } from 'mnist-export'

export interface StepGraphOptions {
  /** Whether the initializer of this name is trained. */
  readonly trainable: (initializer: string) => boolean
  /** Pictures of the step that the graph is wanted for. */
  readonly batch: number
  /** CPU threads that will run it. */
  readonly threads: number
}

export interface StepGraph {
  readonly model: Model
  /** The batch size that the graph is made for; undefined where it takes any. */
  readonly batch: number | undefined
}

/** `model` is the network in training form, as `training-model.ts` makes it. */
export function stepGraph(model: Model, { trainable, batch }: StepGraphOptions): StepGraph {
  return { model: lowerTrainingStep(compositeTrainingStep(model, { trainable }), { batch }), batch }
}
