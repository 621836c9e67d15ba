/**
 * The bytes of an .onnx file → Model: ModelProto of onnx.proto, any IR version, fields that are not represented skipped. Refused,
 * because a model without them would be another one: external data, functions of the model, sparse initializers, values that are
 * no tensors. The bytes may be anyone's: what is wrong with them is one UserError, found before memory is spent on it.
 */
import { UserError } from '../errors.js'
import { checkGraph } from './check.js'
import { readGraph } from './decode-graph.js'
import { MODEL, OPERATOR_SET, STRING_ENTRY } from './fields.js'
import { DecodeBudget, MessageReader } from './message-reader.js'
import type { Graph, Model } from './model.js'

/**
 * The model; its tensors are views of `bytes`. `name` (the file's) begins each message.
 * @throws UserError INPUT for bytes that are no valid model, UNSUPPORTED for what is not represented.
 */
export function decodeModel(bytes: Uint8Array, name = 'model'): Model {
  return refused(bytes, name, (plain) => {
    const { graph, ...model } = readModel(new MessageReader(plain, new DecodeBudget()), true)
    if (graph === undefined) throw new Error('it has no graph')
    checkGraph(graph)
    return { ...model, graph }
  })
}

/**
 * The metadata_props of a model's bytes, without reading its graph: milliseconds, whatever the size.
 * @throws UserError INPUT for bytes that are no model.
 */
export function readMetadata(bytes: Uint8Array, name = 'model'): Readonly<Record<string, string>> {
  return refused(bytes, name, (plain) => readModel(new MessageReader(plain, new DecodeBudget()), false).metadata)
}

function readModel(
  message: MessageReader,
  withGraph: boolean,
): Omit<Model, 'graph'> & { readonly graph: Graph | undefined } {
  const texts = { producerName: '', producerVersion: '', domain: '', docString: '' }
  let irVersion = 0
  let modelVersion = 0
  let graph: Graph | undefined
  const opsets: [string, number][] = []
  const metadata: [string, string][] = []
  while (message.next()) {
    switch (message.field) {
      case MODEL.irVersion:
        irVersion = message.safeInt()
        break
      case MODEL.producerName:
        texts.producerName = message.string()
        break
      case MODEL.producerVersion:
        texts.producerVersion = message.string()
        break
      case MODEL.domain:
        texts.domain = message.string()
        break
      case MODEL.modelVersion:
        // A number of the model's owner, of no meaning to anyone else: beyond 2^53 it is rounded.
        modelVersion = Number(message.int())
        break
      case MODEL.docString:
        texts.docString = message.string()
        break
      case MODEL.graph:
        if (!withGraph) message.skip()
        else if (graph !== undefined) throw new Error('it has two graphs')
        else graph = readGraph(message.message(), 0)
        break
      case MODEL.opsetImport:
        opsets.push(readOpset(message.message()))
        break
      case MODEL.metadataProps:
        metadata.push(readEntry(message.message()))
        break
      case MODEL.functions:
        if (withGraph) {
          throw new UserError('UNSUPPORTED', 'functions: expected a graph of operators alone; inline them first')
        }
        message.skip()
        break
      default:
        message.skip()
    }
  }
  if (irVersion === 0) throw new Error('it has no ir_version')
  return {
    ...texts,
    irVersion,
    modelVersion,
    graph,
    opsets: Object.fromEntries(opsets),
    metadata: Object.fromEntries(metadata),
  }
}

function readOpset(message: MessageReader): [string, number] {
  let domain = ''
  let version = 0
  while (message.next()) {
    if (message.field === OPERATOR_SET.domain) domain = message.string()
    else if (message.field === OPERATOR_SET.version) version = message.safeInt()
    else message.skip()
  }
  return [domain === 'ai.onnx' ? '' : domain, version]
}

function readEntry(message: MessageReader): [string, string] {
  let key = ''
  let value = ''
  while (message.next()) {
    if (message.field === STRING_ENTRY.key) key = message.string()
    else if (message.field === STRING_ENTRY.value) value = message.string()
    else message.skip()
  }
  return [key, value]
}

/** What `read` throws as one UserError of one line, the file's name before it. */
function refused<T>(bytes: Uint8Array, name: string, read: (bytes: Uint8Array) => T): T {
  if (bytes.byteLength === 0) throw new UserError('INPUT', `${name}: expected an ONNX model, found an empty file`)
  try {
    // A Node Buffer's slice() shares memory, unlike that of the plain array that tensors promise.
    return read(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  } catch (cause) {
    const message = printable(cause instanceof Error ? cause.message : String(cause))
    if (cause instanceof UserError) throw new UserError(cause.code, `${name}: ${message}`, { cause })
    throw new UserError('INPUT', `${name}: expected an ONNX model, found other or damaged bytes: ${message}`, { cause })
  }
}

/** Names come from the file: no control characters, and not without end. */
function printable(text: string): string {
  const line = text.replace(/\p{Cc}+/gu, ' ')
  return line.length > 300 ? `${line.slice(0, 299)}…` : line
}
