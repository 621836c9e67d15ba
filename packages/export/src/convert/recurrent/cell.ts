/**
 * Recurrent cells as tfjs-layers 4.22 computes them (recurrent.ts, convolutional_recurrent.ts): one step of a sequence. The weights
 * are tfjs's own arrays, the gates side by side along the last axis.
 */
import type { GraphBuilder, Value } from '../../graph/builder.js'
import { add, conv, matMul, mul, split, sub } from '../../graph/ops/index.js'
import { activationOf } from '../handlers/activations.js'
import type { LayerCall } from '../layer-call.js'
import type { LayerConfig } from '../layer-config.js'
import { transposedLayout } from '../weight-binding.js'

/** What an RNN layer holds: a cell, or a stack of them. */
export interface CellDescription {
  readonly className: string
  readonly config: LayerConfig
  /** Before the names of its weights: `RNNCell_0/` in a stack, `forward_lstm/` in a Bidirectional. */
  readonly prefix: string
}

export interface Step {
  readonly output: Value
  readonly states: readonly Value[]
}

export interface Cell {
  /** Lengths of the states; the first is the output's. */
  readonly states: readonly number[]
  /** x [N, F] and the states [N, H] → the output [N, H] and the next states. Of ConvLSTM2D, maps [N, C, H, W]. */
  step(g: GraphBuilder, x: Value, states: readonly Value[]): Step
}

/** Builds the cell and loads its weights; `width` is the length of its input's features. */
export function cellOf(call: LayerCall, cells: readonly CellDescription[], width: number): Cell {
  const [only, ...others] = cells
  if (only === undefined) throw call.config.unsupported('an RNN without cells')
  return others.length === 0 ? single(call, only, width) : stacked(call, cells, width)
}

function single(call: LayerCall, cell: CellDescription, width: number): Cell {
  if (cell.className === 'SimpleRNNCell') return simpleCell(call, cell, width)
  if (cell.className === 'LSTMCell') return lstmCell(call, cell, width)
  if (cell.className === 'GRUCell') return gruCell(call, cell, width)
  throw call.config.unsupported(`cell, expected SimpleRNNCell, LSTMCell or GRUCell, found ${cell.className}`)
}

interface CellWeights {
  /** [F, gates × H] */
  readonly kernel: Value
  /** [H, gates × H] */
  readonly recurrent: Value
  /** [gates × H] */
  readonly bias: Value | undefined
}

function weightsOf(call: LayerCall, { config, prefix }: CellDescription, width: number, gates: number): CellWeights {
  const units = config.size('units')
  const name = prefix.replaceAll('/', '.')
  const weight = (weightName: string, shape: readonly number[]): Value =>
    call.weight(`${prefix}${weightName}`, { as: `${name}${weightName}`, shape })
  return {
    kernel: weight('kernel', [width, gates * units]),
    recurrent: weight('recurrent_kernel', [units, gates * units]),
    bias: config.boolean('use_bias', true) ? weight('bias', [gates * units]) : undefined,
  }
}

/** h' = activation(x W + b + h R) */
function simpleCell(call: LayerCall, cell: CellDescription, width: number): Cell {
  const { kernel, recurrent, bias } = weightsOf(call, cell, width, 1)
  const activation = activationOf(cell.config, 'activation', 'tanh')
  return {
    states: [cell.config.size('units')],
    step(g, x, [h]) {
      const next = activation(g, add(g, biased(g, matMul(g, x, kernel), bias), matMul(g, h as Value, recurrent)), 1)
      return { output: next, states: [next] }
    },
  }
}

/** i, f, c, o = x W + h R + b; c' = f c + i activation(c); h' = o activation(c') */
function lstmCell(call: LayerCall, cell: CellDescription, width: number): Cell {
  const units = cell.config.size('units')
  const { kernel, recurrent, bias } = weightsOf(call, cell, width, 4)
  const gate = gates(cell.config)
  return {
    states: [units, units],
    step(g, x, [h, c]) {
      const z = biased(g, add(g, matMul(g, x, kernel), matMul(g, h as Value, recurrent)), bias)
      return gate(g, split(g, z, [units, units, units, units], { axis: 1 }), c as Value)
    },
  }
}

/** The gates of an LSTM from what enters them. */
function gates(config: LayerConfig): (g: GraphBuilder, parts: readonly Value[], c: Value) => Step {
  const activation = activationOf(config, 'activation', 'tanh')
  const recurrent = activationOf(config, 'recurrent_activation', 'hard_sigmoid')
  return (g, parts, c) => {
    const [i, f, z, o] = parts as [Value, Value, Value, Value]
    const nextC = add(g, mul(g, recurrent(g, f, 1), c), mul(g, recurrent(g, i, 1), activation(g, z, 1)))
    const nextH = mul(g, recurrent(g, o, 1), activation(g, nextC, 1))
    return { output: nextH, states: [nextH, nextC] }
  }
}

/** z, r = x W + b + h R; h' = z h + (1 − z) activation(x W + b + (r h) R): the reset gate before the product. */
function gruCell(call: LayerCall, cell: CellDescription, width: number): Cell {
  const { config } = cell
  refuseResetAfter(config)
  const units = config.size('units')
  const { kernel, recurrent, bias } = weightsOf(call, cell, width, 3)
  const [inner, candidate] = split(call.g, recurrent, [2 * units, units], { axis: 1 }) as [Value, Value]
  const activation = activationOf(config, 'activation', 'tanh')
  const gate = activationOf(config, 'recurrent_activation', 'hard_sigmoid')
  return {
    states: [units],
    step(g, x, states) {
      const [h] = states as [Value]
      const entering = split(g, biased(g, matMul(g, x, kernel), bias), [units, units, units], { axis: 1 })
      const [xz, xr, xh] = entering as [Value, Value, Value]
      const [hz, hr] = split(g, matMul(g, h, inner), [units, units], { axis: 1 }) as [Value, Value]
      const z = gate(g, add(g, xz, hz), 1)
      const r = gate(g, add(g, xr, hr), 1)
      const proposed = activation(g, add(g, xh, matMul(g, mul(g, r, h), candidate)), 1)
      const next = add(g, mul(g, z, h), mul(g, sub(g, g.scalar(1, 'one'), z), proposed))
      return { output: next, states: [next] }
    },
  }
}

function refuseResetAfter(config: LayerConfig): void {
  if (config.boolean('reset_after', false)) {
    throw config.unsupported(
      "reset_after, expected false beside a mask, other cells or activations that ONNX's GRU lacks, found true; " +
        'train the model with reset_after=False',
    )
  }
}

/** Each cell works on the output of the one before it; the states lie the other way round (StackedRNNCells). */
function stacked(call: LayerCall, descriptions: readonly CellDescription[], width: number): Cell {
  const cells: Cell[] = []
  for (const description of descriptions) {
    cells.push(single(call, description, cells.at(-1)?.states[0] ?? width))
  }
  return {
    states: cells.toReversed().flatMap(({ states }) => states),
    step(g, x, states) {
      const rest = [...states]
      const own = new Map(cells.toReversed().map((cell) => [cell, rest.splice(0, cell.states.length)]))
      const steps: Step[] = []
      for (const cell of cells) steps.push(cell.step(g, steps.at(-1)?.output ?? x, own.get(cell) ?? []))
      return { output: (steps.at(-1) as Step).output, states: steps.toReversed().flatMap((step) => step.states) }
    },
  }
}

/** An LSTM of which both products are convolutions: of the input as the layer says, of the state with `same` and stride 1. */
export function convolutionalCell(
  call: LayerCall,
  channels: number,
  convolve: (g: GraphBuilder, x: Value, w: Value, b: Value | undefined) => Value,
): Cell {
  const { config } = call
  const filters = config.size('filters')
  const kernel = config.sizes('kernel_size', 2)
  const weight = (name: string, as: string, width: number): Value => {
    const shape = [...kernel, width, 4 * filters]
    return call.weight(name, { as, shape, layout: transposedLayout(shape, [3, 2, 0, 1]) }) // HWIO -> OIHW
  }
  const w = weight('kernel', 'weight', channels)
  const r = weight('recurrent_kernel', 'recurrent_weight', filters)
  const bias = config.boolean('use_bias', true) ? call.weight('bias', { as: 'bias', shape: [4 * filters] }) : undefined
  const begins = kernel.map((length) => Math.floor((length - 1) / 2))
  const ends = kernel.map((length, axis) => length - 1 - (begins[axis] ?? 0))
  const gate = gates(config)
  return {
    states: [filters, filters],
    step(g, x, states) {
      const [h, c] = states as [Value, Value]
      const z = add(g, convolve(g, x, w, bias), conv(g, [h, r], { kernelShape: kernel, pads: [...begins, ...ends] }))
      return gate(g, split(g, z, [filters, filters, filters, filters], { axis: 1 }), c)
    },
  }
}

function biased(g: GraphBuilder, x: Value, bias: Value | undefined): Value {
  return bias === undefined ? x : add(g, x, bias)
}
