/**
 * Inference requests of the Open Inference Protocol v2 over REST, and Triton's binary tensor data extension to it.
 *
 * Sources: kserve/open-inference-protocol, inference_rest.md; triton-inference-server/server, docs/protocol/extension_binary_data.md.
 * Not supported: Triton's extensions for sequences, shared memory and classification, which are refused by name.
 */
import { DIGIT_SIZE } from '../../mnist/digits.js'
import { Refusal } from '../error-table.js'
import { numbersFromBytes, numbersFromJson } from './tensor-data.js'

export interface InferRequest {
  readonly id: string | undefined
  /** Rows of `values`. */
  readonly rows: number
  /** [rows, 1, 28, 28] */
  readonly values: Float32Array
  /** The outputs asked for, in their order, each as JSON or as bytes; undefined: all that the model has. */
  readonly outputs: readonly WantedOutput[] | undefined
  /** For outputs that are not named, or do not say. */
  readonly binary: boolean
  /** Microseconds, as Triton's parameter `timeout` has them. */
  readonly timeout: number | undefined
}

export interface WantedOutput {
  readonly name: string
  readonly binary: boolean
}

export interface InferBody {
  readonly bytes: Uint8Array
  /** The header Inference-Header-Content-Length: bytes of JSON before the tensors' bytes. */
  readonly headerLength: string | undefined
}

const ROW_SHAPE = [1, DIGIT_SIZE, DIGIT_SIZE]
const ROW = DIGIT_SIZE * DIGIT_SIZE
const INPUT = 'image'
const LONGEST_ID = 1024
const MOST_OUTPUTS = 64

/** Parameters of Triton's extensions that would change the answer: ignoring them would be a lie. */
const REFUSED = ['sequence_id', 'shared_memory_region', 'classification']

/** @throws Refusal BAD_REQUEST that names the field, what was expected and what was found. */
export function readInferRequest({ bytes, headerLength }: InferBody): InferRequest {
  const length = jsonLength(bytes, headerLength)
  const body = recordOf(parseJson(bytes.subarray(0, length)), 'body')
  const parameters = parametersOf(body.parameters, 'parameters')
  const binary = booleanOf(parameters.binary_data_output, 'parameters.binary_data_output')
  const { rows, values } = readInput(body.inputs, bytes.subarray(length))
  return {
    id: readId(body.id),
    rows,
    values,
    outputs: readOutputs(body.outputs, binary),
    binary,
    timeout: readTimeout(parameters.timeout),
  }
}

function jsonLength(bytes: Uint8Array, header: string | undefined): number {
  if (header === undefined) return bytes.length
  const length = /^\d{1,10}$/.test(header) ? Number(header) : Number.NaN
  if (!(length <= bytes.length)) {
    throw bad(`Inference-Header-Content-Length: expected at most ${bytes.length}, found ${header.slice(0, 40)}`)
  }
  return length
}

/** `__proto__` in JSON becomes a field of its own, and no object here is ever merged into another. */
function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'))
  } catch {
    throw bad(`body: expected JSON, found ${bytes.length === 0 ? 'nothing' : 'something else'}`)
  }
}

function readInput(inputs: unknown, blobs: Uint8Array): { rows: number; values: Float32Array } {
  if (!Array.isArray(inputs) || inputs.length !== 1) {
    throw bad(
      `inputs: expected a list of one, ${INPUT}, found ${Array.isArray(inputs) ? inputs.length : kindOf(inputs)}`,
    )
  }
  const input = recordOf(inputs[0], 'inputs[0]')
  if (input.name !== INPUT) throw bad(`inputs[0].name: expected ${INPUT}, found ${textOf(input.name)}`)
  if (input.datatype !== 'FP32') throw bad(`${INPUT}.datatype: expected FP32, found ${textOf(input.datatype)}`)
  const rows = readRows(input.shape)
  const parameters = parametersOf(input.parameters, `${INPUT}.parameters`)
  const size = parameters.binary_data_size
  if (size === undefined) {
    if (blobs.length > 0) throw bad(`body: expected JSON only, found ${blobs.length} bytes after it`)
    return { rows, values: numbersFromJson(input.data, { count: rows * ROW, name: `${INPUT}.data` }) }
  }
  if (input.data !== undefined) throw bad(`${INPUT}: expected data or parameters.binary_data_size, found both`)
  if (size !== blobs.length) {
    throw bad(`${INPUT}.parameters.binary_data_size: expected ${blobs.length}, found ${textOf(size)}`)
  }
  return { rows, values: numbersFromBytes(blobs, { count: rows * ROW, name: INPUT }) }
}

function readRows(shape: unknown): number {
  const fits =
    Array.isArray(shape) &&
    shape.length === 4 &&
    Number.isSafeInteger(shape[0]) &&
    shape[0] >= 1 &&
    ROW_SHAPE.every((dim, index) => shape[index + 1] === dim)
  if (!fits) throw bad(`${INPUT}.shape: expected [batch, ${ROW_SHAPE.join(', ')}], found ${textOf(shape)}`)
  return shape[0]
}

function readOutputs(outputs: unknown, binary: boolean): WantedOutput[] | undefined {
  if (outputs === undefined) return undefined
  if (!Array.isArray(outputs) || outputs.length > MOST_OUTPUTS) {
    throw bad(`outputs: expected a list, found ${Array.isArray(outputs) ? outputs.length : kindOf(outputs)}`)
  }
  if (outputs.length === 0) return undefined
  return outputs.map((output, index) => {
    const { name, parameters } = recordOf(output, `outputs[${index}]`)
    if (typeof name !== 'string') throw bad(`outputs[${index}].name: expected text, found ${kindOf(name)}`)
    const own = parametersOf(parameters, `outputs[${index}].parameters`)
    return {
      name,
      binary: own.binary_data === undefined ? binary : booleanOf(own.binary_data, `outputs[${index}].binary_data`),
    }
  })
}

function readId(id: unknown): string | undefined {
  if (id === undefined) return undefined
  if (typeof id !== 'string' || id.length > LONGEST_ID) {
    throw bad(`id: expected text of at most ${LONGEST_ID} characters, found ${kindOf(id)}`)
  }
  return id
}

function readTimeout(timeout: unknown): number | undefined {
  if (timeout === undefined) return undefined
  if (!Number.isSafeInteger(timeout) || (timeout as number) < 0) {
    throw bad(`parameters.timeout: expected microseconds, found ${textOf(timeout)}`)
  }
  // Triton: 0 is none.
  return timeout === 0 ? undefined : (timeout as number)
}

function parametersOf(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (value === undefined) return {}
  const parameters = recordOf(value, name)
  const refused = REFUSED.find((key) => Object.hasOwn(parameters, key))
  if (refused !== undefined) throw bad(`${name}.${refused}: expected none, found one: this server does not do it`)
  return parameters
}

function booleanOf(value: unknown, name: string): boolean {
  if (value === undefined) return false
  if (typeof value !== 'boolean') throw bad(`${name}: expected true or false, found ${textOf(value)}`)
  return value
}

function recordOf(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw bad(`${name}: expected an object, found ${kindOf(value)}`)
  }
  return value as Readonly<Record<string, unknown>>
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'none'
  if (value === null) return 'null'
  return Array.isArray(value)
    ? 'a list'
    : ({ string: 'text', object: 'an object' }[typeof value as string] ?? typeof value)
}

/** A value as the client wrote it, short. */
function textOf(value: unknown): string {
  return value === undefined ? 'none' : (JSON.stringify(value).slice(0, 80) as string)
}

function bad(message: string): Refusal {
  return new Refusal('BAD_REQUEST', message)
}
