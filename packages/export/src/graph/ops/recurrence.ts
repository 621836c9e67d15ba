/** Recurrent layers, and the loop over a sequence from which any of them can be built. */
import type { Graph } from '../../onnx/model.js'
import { type GraphBuilder, int, ints, string, type Value } from '../builder.js'

export interface RecurrenceInputs {
  /** [T, N, F] */
  readonly x: Value
  /** [1, gates × H, F] */
  readonly w: Value
  /** [1, gates × H, H] */
  readonly r: Value
  /** [1, 2 × gates × H]: for the input, then for the state. */
  readonly b?: Value | undefined
  /** [1, N, H], zero by default. */
  readonly h?: Value | undefined
  /** LSTM: [1, N, H], zero by default. */
  readonly c?: Value | undefined
}

export interface RecurrenceOptions {
  readonly hiddenSize: number
  /** `reverse` begins with the last step; the steps keep their places in the result. */
  readonly direction: 'forward' | 'reverse'
  /** One or more of the activation functions that ONNX names, with their alphas and betas one after the other. */
  readonly activations: readonly string[]
  readonly alphas?: readonly number[]
  readonly betas?: readonly number[]
  /** GRU: the reset gate acts on the product of the state, not on the state before it. Default false. */
  readonly linearBeforeReset?: boolean
}

/** Y [T, 1, N, H] and the last state [1, N, H]. */
export const rnn = (g: GraphBuilder, inputs: RecurrenceInputs, options: RecurrenceOptions): Value[] =>
  recurrence(g, 'RNN', inputs, options)

/** Gates z, r, h. Y and the last state, as `rnn`. */
export const gru = (g: GraphBuilder, inputs: RecurrenceInputs, options: RecurrenceOptions): Value[] =>
  recurrence(g, 'GRU', inputs, options)

/** Gates i, o, f, c. Y, the last state and the last cell [1, N, H]. */
export const lstm = (g: GraphBuilder, inputs: RecurrenceInputs, options: RecurrenceOptions): Value[] =>
  recurrence(g, 'LSTM', inputs, options)

function recurrence(
  g: GraphBuilder,
  opType: 'RNN' | 'GRU' | 'LSTM',
  { x, w, r, b, h, c }: RecurrenceInputs,
  { hiddenSize, direction, activations, alphas = [], betas = [], linearBeforeReset = false }: RecurrenceOptions,
): Value[] {
  return g.node(opType, [x, w, r, b, undefined, h, c], {
    outputs: opType === 'LSTM' ? 3 : 2,
    attributes: {
      hidden_size: int(hiddenSize),
      direction: string(direction),
      activations: { type: 'STRINGS', value: activations },
      activation_alpha: alphas.length === 0 ? undefined : { type: 'FLOATS', value: alphas },
      linear_before_reset: linearBeforeReset ? int(1) : undefined,
      activation_beta: betas.length === 0 ? undefined : { type: 'FLOATS', value: betas },
    },
  })
}

export interface ScanOptions {
  /** Takes the states, then a step of each sequence; gives the next states, then the step's outputs. */
  readonly body: Graph
  readonly states: readonly Value[]
  readonly sequences: readonly Value[]
  /** The axis along which the steps lie, in the sequences and in the outputs. */
  readonly axis: number
  /** `reverse` begins with the last step. */
  readonly direction: 'forward' | 'reverse'
}

/** The last states, then the steps' outputs, each at its step's place. */
export function scan(g: GraphBuilder, { body, states, sequences, axis, direction }: ScanOptions): Value[] {
  const outputs = body.outputs.length - states.length
  return g.node('Scan', [...states, ...sequences], {
    outputs: body.outputs.length,
    attributes: {
      body: { type: 'GRAPH', value: body },
      num_scan_inputs: int(sequences.length),
      scan_input_axes: ints(sequences.map(() => axis)),
      scan_input_directions: ints(sequences.map(() => (direction === 'reverse' ? 1 : 0))),
      scan_output_axes: ints(Array.from({ length: outputs }, () => axis)),
      scan_output_directions: ints(Array.from({ length: outputs }, () => (direction === 'reverse' ? 1 : 0))),
    },
  })
}
