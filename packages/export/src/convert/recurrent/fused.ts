/** Recurrent layers as ONNX's own operators RNN, LSTM and GRU, which runtimes have fast kernels for. */
import type { GraphBuilder, Value } from '../../graph/builder.js'
import { concat, gru, lstm, type RecurrenceInputs, rnn, squeeze, transpose, unsqueeze } from '../../graph/ops/index.js'
import { floatTensor } from '../../onnx/tensor.js'
import { activationName } from '../handlers/activations.js'
import type { LayerCall } from '../layer-call.js'
import type { WeightLayout } from '../weight-binding.js'
import type { CellDescription } from './cell.js'
import type { Recurrence, RecurrenceRequest } from './recurrence.js'

interface Operator {
  readonly op: typeof rnn
  readonly gates: number
  /** The order of tfjs's gates in ONNX: of an LSTM i, f, c, o become i, o, f, c. */
  readonly blocks?: readonly number[]
  /** Keys of the activation functions, in ONNX's order, each with tfjs's default. */
  readonly activations: readonly (readonly [key: string, fallback: string])[]
}

const OPERATORS: Readonly<Record<string, Operator>> = {
  SimpleRNNCell: { op: rnn, gates: 1, activations: [['activation', 'tanh']] },
  GRUCell: {
    op: gru,
    gates: 3,
    activations: [
      ['recurrent_activation', 'hard_sigmoid'],
      ['activation', 'tanh'],
    ],
  },
  LSTMCell: {
    op: lstm,
    gates: 4,
    blocks: [0, 3, 1, 2],
    activations: [
      ['recurrent_activation', 'hard_sigmoid'],
      ['activation', 'tanh'],
      ['activation', 'tanh'],
    ],
  },
}

interface Activation {
  readonly name: string
  readonly alpha?: number
  readonly beta?: number
}

/** The activation functions that ONNX's recurrent operators know, by tfjs's names. */
const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  tanh: { name: 'Tanh' },
  relu: { name: 'Relu' },
  sigmoid: { name: 'Sigmoid' },
  hard_sigmoid: { name: 'HardSigmoid', alpha: 0.2, beta: 0.5 },
  softsign: { name: 'Softsign' },
  softplus: { name: 'Softplus' },
  elu: { name: 'Elu', alpha: 1 },
  linear: { name: 'Affine', alpha: 1, beta: 0 },
}

/** The layer as one operator; undefined where ONNX has none that computes it: then it is a Scan. */
export function fusedRecurrence(
  call: LayerCall,
  cells: readonly CellDescription[],
  { x, initial, backwards, mask }: RecurrenceRequest,
): Recurrence | undefined {
  const { g } = call
  const [cell, ...others] = cells
  const operator = cell === undefined ? undefined : OPERATORS[cell.className]
  if (cell === undefined || operator === undefined || others.length > 0 || mask !== undefined) return undefined
  const activations = operator.activations.map(([key, fallback]) => {
    const name = activationName(cell.config, key, fallback)
    return Object.hasOwn(ACTIVATIONS, name) ? ACTIVATIONS[name] : undefined
  })
  if (!activations.every((activation) => activation !== undefined)) return undefined
  const steps = transpose(g, x, { perm: [1, 0, 2] }) // NTF -> TNF
  const [h, c] = initial.map((state) => unsqueeze(g, state, [0]))
  const inputs: RecurrenceInputs = { x: steps, ...weights(call, cell, operator, x.shape[2] as number), h, c }
  const values = operator.op(g, inputs, {
    hiddenSize: cell.config.size('units'),
    direction: backwards ? 'reverse' : 'forward',
    activations: activations.map(({ name }) => name),
    alphas: activations.flatMap(({ alpha }) => alpha ?? []),
    betas: activations.flatMap(({ beta }) => beta ?? []),
    linearBeforeReset: resetsAfter(cell),
  })
  const [y, ...states] = values as [Value, ...Value[]]
  return {
    sequence: () => transpose(g, squeeze(g, y, [1]), { perm: [1, 0, 2] }), // TNH -> NTH
    last: () => squeeze(g, states[0] as Value, [0]),
    states: () => states.map((state) => squeeze(g, state, [0])),
  }
}

/** Keras's GRU since version 2.1, by default since TensorFlow 2; tfjs cannot load it. */
function resetsAfter({ className, config }: CellDescription): boolean {
  return className === 'GRUCell' && config.boolean('reset_after', false)
}

function weights(
  call: LayerCall,
  cell: CellDescription,
  { gates, blocks }: Operator,
  width: number,
): Pick<RecurrenceInputs, 'w' | 'r' | 'b'> {
  const { g } = call
  const { config, prefix } = cell
  const units = config.size('units')
  const length = gates * units
  const name = prefix.replaceAll('/', '.')
  const order = blocks === undefined ? {} : { blocks }
  // [in, gates × H] -> [1, gates × H, in]
  const matrix = (weight: string, as: string, rows: number): Value => {
    const shape = [rows, length]
    const layout: WeightLayout = { reshape: shape, transpose: [1, 0], shape: [1, length, rows], ...order }
    return call.weight(`${prefix}${weight}`, { as: `${name}${as}`, shape, layout })
  }
  const w = matrix('kernel', 'weight', width)
  const r = matrix('recurrent_kernel', 'recurrent_weight', units)
  if (!config.boolean('use_bias', true)) return { w, r }
  if (resetsAfter(cell)) {
    // [2, gates × H], for the input and for the state as ONNX has them.
    const both: WeightLayout = { reshape: [2 * length], transpose: [0], shape: [1, 2 * length] }
    return { w, r, b: call.weight(`${prefix}bias`, { as: `${name}bias`, shape: [2, length], layout: both }) }
  }
  const layout: WeightLayout = { reshape: [length], transpose: [0], shape: [1, length], ...order }
  const bias = call.weight(`${prefix}bias`, { as: `${name}bias`, shape: [length], layout })
  return { w, r, b: concat(g, [bias, zeros(g, length)], { axis: 1 }) }
}

/** ONNX adds two biases, tfjs one. */
function zeros(g: GraphBuilder, length: number): Value {
  return g.constant(floatTensor('zero_bias', [1, length], new Float32Array(length)))
}
