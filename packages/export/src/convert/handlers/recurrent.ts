/** Recurrent layers: SimpleRNN, LSTM, GRU, RNN with its cells, ConvLSTM2D (tfjs-layers 4.22). Dropout in them is for training. */
import type { Value } from '../../graph/builder.js'
import { cast, conv, slice, transpose } from '../../graph/ops/index.js'
import { DataType } from '../../onnx/model.js'
import { channelsFirstFeature, type Feature, plainFeature } from '../feature.js'
import type { LayerCall, LayerHandler } from '../layer-call.js'
import { LayerConfig } from '../layer-config.js'
import { paddedInput } from '../padding.js'
import { type CellDescription, cellOf, convolutionalCell } from '../recurrent/cell.js'
import { fusedRecurrence } from '../recurrent/fused.js'
import type { Recurrence, RecurrenceRequest } from '../recurrent/recurrence.js'
import { scannedRecurrence } from '../recurrent/scanned.js'
import { isObject, type Json } from '../topology.js'

/** Layers that are one cell run over a sequence. */
const CELL_OF: Readonly<Record<string, string>> = { SimpleRNN: 'SimpleRNNCell', LSTM: 'LSTMCell', GRU: 'GRUCell' }

/** The cells of a recurrent layer, which may stand within a wrapper. */
export function cellsOf(config: LayerConfig, prefix = ''): readonly CellDescription[] {
  const className = Object.hasOwn(CELL_OF, config.className) ? CELL_OF[config.className] : undefined
  if (className !== undefined) return [{ className, config, prefix }]
  if (config.className !== 'RNN') {
    throw config.unsupported('no recurrent layer, expected SimpleRNN, LSTM, GRU or RNN')
  }
  const cell = config.get('cell')
  if (!isObject(cell)) throw config.invalid('cell', 'a cell', cell)
  const inner = cellConfig(config, cell)
  if (inner.className !== 'StackedRNNCells') return [{ className: inner.className, config: inner, prefix }]
  const cells = inner.get('cells')
  if (!Array.isArray(cells) || cells.length === 0) throw inner.invalid('cells', 'a list of cells', cells)
  return cells.map((entry, index) => {
    const one = cellConfig(config, entry)
    return { className: one.className, config: one, prefix: `${prefix}RNNCell_${index}/` }
  })
}

function cellConfig(layer: LayerConfig, cell: Json): LayerConfig {
  const { class_name, className = class_name, config } = isObject(cell) ? cell : {}
  if (typeof className !== 'string' || !isObject(config)) throw layer.invalid('cell', 'a class_name and a config', cell)
  return new LayerConfig(className, layer.name, config)
}

/** Runs the cells over the layer's input: as one operator where ONNX has it, as a Scan otherwise. */
export function recurrence(
  call: LayerCall,
  cells: readonly CellDescription[],
  request: Omit<RecurrenceRequest, 'x' | 'mask'>,
): Recurrence {
  const { config, g } = call
  const [input] = call.inputs
  const x = input === undefined ? undefined : cast(g, call.plain(input), DataType.FLOAT)
  const width = x?.shape[2]
  if (x === undefined || x.shape.length !== 3 || typeof width !== 'number') {
    throw config.invalid('input', 'a sequence [N, T, F] of known F', `[${x?.shape.join(', ') ?? ''}]`)
  }
  const whole = { ...request, x, mask: call.mask }
  return fusedRecurrence(call, cells, whole) ?? scannedRecurrence(call, cellOf(call, cells, width), whole)
}

/** The initial states that a model gives as further inputs. */
export function initialStates(call: LayerCall): readonly Value[] {
  return call.inputs.slice(1).map((state) => call.plain(state))
}

/** tfjs keeps states from one call to the next; a graph has none. */
export function refuseStateful(config: LayerConfig): void {
  if (config.boolean('stateful', false)) {
    throw config.unsupported('stateful, expected false, found true; give the states as inputs and take them as outputs')
  }
}

/** [N, T, …] with its steps the other way round. */
export function reversed({ g }: LayerCall, sequence: Value): Value {
  return slice(g, sequence, { starts: [-1], ends: [-(2 ** 31)], axes: [1], steps: [-1] })
}

const recurrentLayer: LayerHandler = (call) => {
  const { config } = call
  refuseStateful(config)
  const backwards = config.boolean('go_backwards', false)
  const result = recurrence(call, cellsOf(config), { initial: initialStates(call), backwards })
  return outputs(call, result, { backwards, feature: plainFeature })
}

interface OutputOptions {
  readonly backwards: boolean
  readonly feature: (value: Value) => Feature
}

/** What return_sequences and return_state ask for. tfjs gives the steps in the order in which it took them. */
function outputs(call: LayerCall, result: Recurrence, { backwards, feature }: OutputOptions): Feature[] {
  const { config } = call
  const sequences = config.boolean('return_sequences', false)
  const steps = (): Value => (backwards ? reversed(call, result.sequence()) : result.sequence())
  const main = sequences ? plainFeature(steps()) : feature(result.last())
  return config.boolean('return_state', false) ? [main, ...result.states().map(feature)] : [main]
}

/** [N, T, H, W, C] → [N, H', W', filters], or with its sequences [N, T, H', W', filters]. */
const convLstm: LayerHandler = (call) => {
  const { config, g } = call
  refuseStateful(config)
  if (call.mask !== undefined) throw config.unsupported('a mask, with which tfjs cannot compute it')
  const [input] = call.inputs
  const last = config.channelsLast()
  const plain = input === undefined ? undefined : call.plain(input)
  if (plain?.shape.length !== 5) throw config.invalid('input', 'rank 5', `rank ${plain?.shape.length ?? 0}`)
  const x = last ? transpose(g, plain, { perm: [0, 1, 4, 2, 3] }) : plain // NTHWC -> NTCHW
  const [, , channels, ...spatial] = x.shape
  const sizes = [channels, ...spatial]
  if (!sizes.every((size) => typeof size === 'number')) {
    throw config.invalid('input', 'known sizes but the batch and the steps', `[${x.shape.join(', ')}]`)
  }
  const window = {
    kernel: config.sizes('kernel_size', 2),
    strides: config.sizes('strides', 2, 1),
    dilations: config.sizes('dilation_rate', 2, 1),
  }
  const [width = 0, ...lengths] = sizes
  const cell = convolutionalCell(call, width, (body, step, w, b) => {
    const { pads } = paddedInput({ g: body, config }, step, window)
    return conv(body, [step, w, b], {
      kernelShape: window.kernel,
      strides: window.strides,
      dilations: window.dilations,
      pads,
    })
  })
  const backwards = config.boolean('go_backwards', false)
  const states = call.inputs.slice(1).map((state) => (last ? call.channelsFirst(state) : call.plain(state)))
  const same = config.choice('padding', ['valid', 'same'], 'valid') === 'same'
  const stateSizes = lengths.map((length, axis) => {
    const span = same ? 1 : ((window.kernel[axis] ?? 1) - 1) * (window.dilations[axis] ?? 1) + 1
    return Math.floor((length - span) / (window.strides[axis] ?? 1)) + 1
  })
  const result = scannedRecurrence(call, cell, { x, initial: states, backwards, mask: undefined }, stateSizes)
  const inLayout: Recurrence = last
    ? { ...result, sequence: () => transpose(g, result.sequence(), { perm: [0, 1, 3, 4, 2] }) } // NTCHW -> NTHWC
    : result
  return outputs(call, inLayout, { backwards, feature: last ? channelsFirstFeature : plainFeature })
}

export const RECURRENT_HANDLERS: Readonly<Record<string, LayerHandler>> = {
  SimpleRNN: recurrentLayer,
  LSTM: recurrentLayer,
  GRU: recurrentLayer,
  RNN: recurrentLayer,
  ConvLSTM2D: convLstm,
}
