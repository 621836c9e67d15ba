/**
 * Models as a Triton model repository: for each a folder with `config.pbtxt`, `1/model.onnx`, and `labels.txt` where it reads digits. Files
 * as values; nothing is written here.
 *
 * Source: triton-inference-server/server, docs/user_guide/model_repository.md and model_configuration.md; ModelConfig in
 * triton-inference-server/common, protobuf/model_config.proto. Not supported: ensembles, sequences, models with text tensors.
 */
import { UserError } from '../errors.js'
import { DataType, type Model, type ValueInfo } from '../onnx/model.js'

export interface RepositoryModel {
  /** Its folder, and its name for clients. */
  readonly name: string
  /** The graph's declarations; the weights are not looked at. */
  readonly model: Model
  /** The .onnx file. */
  readonly bytes: Uint8Array
}

export interface RepositoryFile {
  /** From the repository's root, with slashes. */
  readonly path: string
  readonly content: string | Uint8Array
}

export interface RepositoryOptions {
  /** Rows that Triton may put into one batch, where the model takes any number. */
  readonly maxBatch?: number
  /** Microseconds that a request may wait for others. */
  readonly maxDelay?: number
}

/** Triton's names of ONNX's element types. */
const TYPES: Readonly<Record<number, string>> = {
  [DataType.FLOAT]: 'TYPE_FP32',
  [DataType.DOUBLE]: 'TYPE_FP64',
  [DataType.FLOAT16]: 'TYPE_FP16',
  [DataType.BFLOAT16]: 'TYPE_BF16',
  [DataType.INT8]: 'TYPE_INT8',
  [DataType.INT16]: 'TYPE_INT16',
  [DataType.INT32]: 'TYPE_INT32',
  [DataType.INT64]: 'TYPE_INT64',
  [DataType.UINT8]: 'TYPE_UINT8',
  [DataType.UINT16]: 'TYPE_UINT16',
  [DataType.UINT32]: 'TYPE_UINT32',
  [DataType.UINT64]: 'TYPE_UINT64',
  [DataType.BOOL]: 'TYPE_BOOL',
}

/** Outputs of so many numbers a row are digits' scores, and get their labels. */
const DIGITS = 10
const LABELS = Array.from({ length: DIGITS }, (_, digit) => `${digit}\n`).join('')
const isLabelled = ({ shape }: ValueInfo): boolean => shape.at(-1) === DIGITS

const NAME = /^[A-Za-z0-9][\w.-]*$/

/** @throws UserError USAGE for a name that is no folder's or is there twice, UNSUPPORTED for a tensor that Triton has no name for. */
export function tritonRepository(
  models: readonly RepositoryModel[],
  options: RepositoryOptions = {},
): RepositoryFile[] {
  const names = models.map(({ name }) => name)
  for (const [index, name] of names.entries()) {
    if (!NAME.test(name)) {
      throw new UserError('USAGE', `${name}: expected a model's name of letters, digits, '.', '_' and '-'`)
    }
    if (names.indexOf(name) < index)
      throw new UserError('USAGE', `${name}: expected models of different names, found it twice`)
  }
  return models.flatMap(({ name, model, bytes }) => [
    { path: `${name}/config.pbtxt`, content: modelConfigText(name, model, options) },
    ...(model.graph.outputs.some(isLabelled) ? [{ path: `${name}/labels.txt`, content: LABELS }] : []),
    { path: `${name}/1/model.onnx`, content: bytes },
  ])
}

/** The text of a `config.pbtxt`. */
export function modelConfigText(
  name: string,
  { graph }: Model,
  { maxBatch = 64, maxDelay = 1000 }: RepositoryOptions = {},
): string {
  // Before IR version 4 weights were inputs too, with their defaults.
  const weights = new Set(graph.initializers.map((initializer) => initializer.name))
  const inputs = graph.inputs.filter((input) => !weights.has(input.name))
  const batched = [...inputs, ...graph.outputs].every(({ shape }) => typeof shape[0] === 'string')
  const blocks = (key: string, infos: readonly ValueInfo[]): string =>
    `${key} [\n${infos.map((info) => tensorText(info, { batched, labelled: key === 'output' })).join(',\n')}\n]\n`
  return [
    `name: ${quoted(name)}\n`,
    'backend: "onnxruntime"\n',
    // 0: the tensors are as they are declared, and nothing is batched.
    `max_batch_size: ${batched ? maxBatch : 0}\n`,
    blocks('input', inputs),
    blocks('output', graph.outputs),
    ...(batched ? [`dynamic_batching {\n  max_queue_delay_microseconds: ${maxDelay}\n}\n`] : []),
  ].join('')
}

function tensorText(
  info: ValueInfo,
  { batched, labelled }: { readonly batched: boolean; readonly labelled: boolean },
): string {
  const { name, dataType, shape } = info
  const type = TYPES[dataType]
  if (type === undefined) {
    throw new UserError('UNSUPPORTED', `${name}: expected a tensor of numbers, found element type ${dataType}`)
  }
  const dims = (batched ? shape.slice(1) : shape).map((dim) => (typeof dim === 'number' ? dim : -1))
  const labels = labelled && isLabelled(info) ? [`    label_filename: "labels.txt"`] : []
  const fields = [`    name: ${quoted(name)}`, `    data_type: ${type}`, `    dims: [ ${dims.join(', ')} ]`, ...labels]
  return `  {\n${fields.join('\n')}\n  }`
}

/** A string of protobuf's text format: its escapes are octal, byte by byte. */
function quoted(text: string): string {
  const bytes = new TextEncoder().encode(text)
  const plain = (byte: number): boolean => byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c
  return `"${Array.from(bytes, (byte) => (plain(byte) ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`)).join('')}"`
}
