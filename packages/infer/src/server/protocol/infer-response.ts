/** Inference responses: JSON, or JSON followed by the tensors' bytes (Triton's binary tensor data extension). */
import { Refusal } from '../error-table.js'
import type { OutputRows } from '../pool/messages.js'
import type { InferRequest, WantedOutput } from './infer-request.js'

export interface Answered {
  readonly model: string
  readonly version: string
  readonly request: Pick<InferRequest, 'id' | 'rows' | 'outputs' | 'binary'>
  readonly outputs: readonly OutputRows[]
}

export interface InferResponse {
  readonly body: string | Buffer
  /** Bytes of JSON before the tensors' bytes; undefined where all is JSON. */
  readonly headerLength: number | undefined
}

/** @throws Refusal BAD_REQUEST for an output that the model does not have, before it is run. */
export function wantedOutputs(
  { outputs, binary }: Pick<InferRequest, 'outputs' | 'binary'>,
  names: readonly string[],
): readonly WantedOutput[] {
  const unknown = outputs?.find(({ name }) => !names.includes(name))
  if (unknown !== undefined) {
    const found = unknown.name.slice(0, 80)
    throw new Refusal('BAD_REQUEST', `outputs: expected ${names.join(' or ')}, found ${JSON.stringify(found)}`)
  }
  return outputs ?? names.map((name) => ({ name, binary }))
}

export function writeInferResponse({ model, version, request, outputs }: Answered): InferResponse {
  const wanted = wantedOutputs(
    request,
    outputs.map(({ name }) => name),
  )
  const blobs: Buffer[] = []
  const tensors = wanted.map(({ name, binary }) => {
    const { dims, data } = outputs.find((output) => output.name === name) as OutputRows
    const head = { name, datatype: 'FP32', shape: [request.rows, ...dims] }
    if (!binary) return { ...head, data: Array.from(data) }
    blobs.push(Buffer.from(data.buffer, data.byteOffset, data.byteLength))
    return { ...head, parameters: { binary_data_size: data.byteLength } }
  })
  const json = JSON.stringify({
    model_name: model,
    model_version: version,
    ...(request.id === undefined ? {} : { id: request.id }),
    outputs: tensors,
  })
  if (blobs.length === 0) return { body: json, headerLength: undefined }
  const head = Buffer.from(json)
  return { body: Buffer.concat([head, ...blobs]), headerLength: head.length }
}
