/** Layers that hold another: TimeDistributed, Bidirectional (tfjs-layers 4.22, wrappers.ts). */
import type { Value } from '../../graph/builder.js'
import { add, concat, mul, reshape, shapeOf } from '../../graph/ops/index.js'
import type { Dimension, Shape } from '../../onnx/model.js'
import { plainFeature } from '../feature.js'
import type { LayerCall, LayerHandler } from '../layer-call.js'
import { LayerConfig } from '../layer-config.js'
import { type LayerDescription, layerOf } from '../topology.js'
import { cellsOf, initialStates, recurrence, refuseStateful, reversed } from './recurrent.js'

function heldLayer({ config }: LayerCall): LayerDescription {
  return layerOf(config.get('layer'), `${config.where}: layer`)
}

/**
 * The layer on each step of [N, T, …] by itself: on [N × T, …], as no layer works across the examples of a batch outside training.
 */
const timeDistributed: LayerHandler = (call) => {
  const { config, g } = call
  const x = call.plain(call.input())
  const [batch, steps, ...rest] = x.shape
  const known = rest.every((dim) => typeof dim === 'number')
  if (batch === undefined || steps === undefined || rest.length === 0 || !known) {
    throw config.invalid('input', '[N, T, …] of known sizes but N and T', `[${x.shape.join(', ')}]`)
  }
  const examples = reshape(g, x, g.int64s([-1, ...rest], 'each_step'))
  const [output, ...others] = call.convert(heldLayer(call), [plainFeature(examples)])
  if (output === undefined || others.length > 0) throw config.unsupported('a layer with several outputs')
  return plainFeature(regrouped(call, call.plain(output), x))
}

/** [N × T, …] → [N, T, …], with N and T of `like`. */
function regrouped({ g, config }: LayerCall, y: Value, like: Value): Value {
  const rest: Shape = y.shape.slice(1)
  if (!rest.every((dim): dim is number => typeof dim === 'number')) {
    throw config.unsupported(`a layer whose output has a dynamic size, [${y.shape.join(', ')}]`)
  }
  const steps: Dimension | undefined = like.shape[1]
  if (typeof steps === 'number') return reshape(g, y, g.int64s([-1, steps, ...rest], 'steps'))
  const sizes = [shapeOf(g, like, { start: 0, end: 2 }), ...(rest.length > 0 ? [g.int64s(rest, 'step_sizes')] : [])]
  return reshape(g, y, concat(g, sizes, { axis: 0 }))
}

const FORWARD = 'forward_'

const MERGE_MODES = ['concat', 'sum', 'ave', 'mul'] as const

/** A recurrent layer and its copy that runs the other way; their weights are the layer's, under two names. */
const bidirectional: LayerHandler = (call) => {
  const held = heldLayer(call)
  const inner = new LayerConfig(held.className, held.name, held.config)
  refuseStateful(inner)
  const states = initialStates(call)
  const half = states.length / 2
  // Keras 3 saves the layer under the name that it has as the forward one.
  const isNamed = held.name.startsWith(FORWARD) && call.weightShape(`${FORWARD}${held.name}/kernel`) === undefined
  const name = isNamed ? held.name.slice(FORWARD.length) : held.name
  const [forward, backward] = [false, true].map((isCopy) => {
    const prefix = `${isCopy ? 'backward_' : FORWARD}${name}/`
    const backwards = inner.boolean('go_backwards', false) !== isCopy
    const initial = isCopy ? states.slice(half) : states.slice(0, half)
    return { backwards, result: recurrence(call, cellsOf(inner, prefix), { initial, backwards }) }
  }) as [Run, Run]
  const sequences = inner.boolean('return_sequences', false)
  // The copy's steps are turned round to stand beside the layer's, which come in the order in which it took them.
  const outputs = sequences
    ? [
        forward.backwards ? reversed(call, forward.result.sequence()) : forward.result.sequence(),
        backward.backwards ? backward.result.sequence() : reversed(call, backward.result.sequence()),
      ]
    : [forward.result.last(), backward.result.last()]
  const merged = combined(call, outputs as [Value, Value])
  const returned = inner.boolean('return_state', false) ? [...forward.result.states(), ...backward.result.states()] : []
  return [...merged, ...returned].map(plainFeature)
}

interface Run {
  readonly backwards: boolean
  readonly result: ReturnType<typeof recurrence>
}

/** By merge_mode; a null one, which a missing key is not, gives both. */
function combined({ g, config }: LayerCall, [a, b]: readonly [Value, Value]): Value[] {
  if (config.isNull('merge_mode')) return [a, b]
  const mode = config.choice('merge_mode', MERGE_MODES, 'concat')
  if (mode === 'concat') return [concat(g, [a, b], { axis: -1 })]
  if (mode === 'mul') return [mul(g, a, b)]
  return [mode === 'sum' ? add(g, a, b) : mul(g, add(g, a, b), g.scalar(0.5, 'half'))]
}

export const WRAPPER_HANDLERS: Readonly<Record<string, LayerHandler>> = {
  TimeDistributed: timeDistributed,
  Bidirectional: bidirectional,
}
