/** Recurrent layers as a Scan over a cell's step: for what ONNX's own recurrent operators do not have. */
import { GraphBuilder, type Value } from '../../graph/builder.js'
import { concat, constantOfShape, identity, scan, shapeOf, unsqueeze, where } from '../../graph/ops/index.js'
import type { Dimension } from '../../onnx/model.js'
import type { LayerCall } from '../layer-call.js'
import type { Cell } from './cell.js'
import type { Recurrence, RecurrenceRequest } from './recurrence.js'

/** `stateSizes` are the sizes of a state after its first axis and its length: of a map, height and width. */
export function scannedRecurrence(
  call: LayerCall,
  cell: Cell,
  { x, initial, backwards, mask }: RecurrenceRequest,
  stateSizes: readonly number[] = [],
): Recurrence {
  const { g, config } = call
  if (mask === 'unusable') throw config.unsupported('a mask that comes from several inputs or from outside a wrapper')
  const steps = x.shape[1]
  const masked = mask?.shape[1]
  if (
    mask !== undefined &&
    (mask.shape.length !== 2 || (typeof steps === 'number' && typeof masked === 'number' && masked !== steps))
  ) {
    throw config.unsupported(`a mask of shape [${mask.shape.join(', ')}] for a sequence of ${steps} steps`)
  }
  const states = initial.length > 0 ? initial : cell.states.map((length) => zeroState(g, x, [length, ...stateSizes]))
  if (states.length !== cell.states.length) {
    throw config.invalid('initial states', `${cell.states.length}`, states.length)
  }
  const sequences = mask === undefined ? [x] : [x, unsqueeze(g, mask, [2])]
  const body = stepGraph(config.name, cell, states, sequences)
  const results = scan(g, { body, states, sequences, axis: 1, direction: backwards ? 'reverse' : 'forward' })
  return {
    sequence: () => results.at(-1) as Value,
    // A cell's first state is its output.
    last: () => results[0] as Value,
    states: () => results.slice(0, -1),
  }
}

/** The body: states and a step of each sequence → next states and output. A step that does not count changes no state. */
function stepGraph(name: string, cell: Cell, states: readonly Value[], sequences: readonly Value[]) {
  const scope = `${name}/step`
  const g = new GraphBuilder(scope)
  const before = states.map(({ dataType, shape }, index) =>
    g.input({ name: `${scope}/state${index}`, dataType, shape }),
  )
  const step = sequences.map(({ dataType, shape }, index) =>
    g.input({ name: `${scope}/input${index}`, dataType, shape: shape.toSpliced(1, 1) }),
  )
  const [x, counts] = step as [Value, Value?]
  return g.scoped(scope, () => {
    const { output, states: next } = cell.step(g, x, before)
    const kept = (value: Value, old: Value | undefined): Value =>
      counts === undefined || old === undefined ? identity(g, value) : where(g, counts, value, old)
    for (const [index, value] of next.entries()) g.output(kept(value, before[index]))
    g.output(kept(output, before[0]))
    return g.graph()
  })
}

/** Zeros [N, …sizes] for an input [N, …]. */
function zeroState(g: GraphBuilder, x: Value, sizes: readonly Dimension[]): Value {
  const batch = shapeOf(g, x, { start: 0, end: 1 })
  return constantOfShape(g, concat(g, [batch, g.int64s(sizes as number[], 'state_sizes')], { axis: 0 }))
}
