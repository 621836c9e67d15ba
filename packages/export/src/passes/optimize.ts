/** The passes in their order, each run once, and a report of what each did. */
import { UserError } from '../errors.js'
import type { Model } from '../onnx/model.js'
import { cancelTransposes } from './cancel-transposes.js'
import { eliminateIdentity, eliminateIdentityButDropout } from './eliminate-identity.js'
import { foldBatchNormalization } from './fold-batch-normalization.js'
import { foldConstants } from './fold-constants.js'
import { fusePadding } from './fuse-padding.js'
import type { Pass, PassResult } from './pass.js'
import { shareConstants } from './share-constants.js'

/** In this order; each pass says in `order` why it stands where it does. */
export const PASSES: readonly Pass[] = [
  eliminateIdentity,
  cancelTransposes,
  fusePadding,
  foldConstants,
  foldBatchNormalization,
  shareConstants,
]

export interface OptimizeOptions {
  /** Names of passes to leave out. */
  readonly without?: readonly string[]
  /** The graph is to be trained: weights stay as they are, and Dropout stays. Default false. */
  readonly training?: boolean
}

export interface PassReport extends Omit<PassResult, 'graph'> {
  readonly pass: string
}

export interface OptimizedModel {
  readonly model: Model
  readonly reports: readonly PassReport[]
}

/** The same function in fewer nodes, to 1e-6 of its outputs. @throws UserError USAGE for a pass that does not exist. */
export function optimizeModel(model: Model, { without = [], training = false }: OptimizeOptions = {}): OptimizedModel {
  const unknown = without.find((name) => PASSES.every((pass) => pass.name !== name))
  if (unknown !== undefined) {
    const names = PASSES.map(({ name }) => name).join(', ')
    throw new UserError('USAGE', `without: expected passes among ${names}, found ${unknown}`)
  }
  let graph = model.graph
  const reports: PassReport[] = []
  for (const pass of PASSES) {
    if (without.includes(pass.name) || (training && !pass.keepsWeights)) continue
    const chosen = training && pass === eliminateIdentity ? eliminateIdentityButDropout : pass
    const { graph: next, rewritten, kept } = chosen.run(graph)
    graph = next
    reports.push({ pass: pass.name, rewritten, kept })
  }
  return { model: { ...model, graph }, reports }
}
