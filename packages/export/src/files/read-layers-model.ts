/** Reads a LayersModel from the disk: model.json and its weight shards, as tfjs and the tfjs converter write them. */
import { readFile, realpath, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { type LayersModelArtifacts, type WeightSpec, weightByteLength } from '../convert/artifacts.js'
import { graphModel, isObject, type Json, type JsonObject, short } from '../convert/topology.js'
import { UserError } from '../errors.js'

/** The largest model.json that is read: topologies of published models have at most a few MiB. */
const MAX_JSON_BYTES = 32 * 2 ** 20

/** Six for a layer within a model, six more for each model around it. */
const MAX_JSON_DEPTH = 1000

/** An .onnx file, a protobuf message, is smaller. */
const MAX_WEIGHT_BYTES = 2 ** 31

export interface LayersModelFile {
  /** Path of the model.json that was read. */
  readonly file: string
  /** Real paths of the shards that were read. */
  readonly shards: readonly string[]
  readonly artifacts: LayersModelArtifacts
}

/**
 * `path` is a model.json, a folder that holds one, or a run's folder, which holds `model/model.json`.
 * @throws UserError INPUT for anything missing or malformed, and for shards outside model.json's folder.
 */
export async function readLayersModel(path: string): Promise<LayersModelFile> {
  const file = await modelFile(path)
  const entry = await stat(file)
  if (!entry.isFile()) throw invalid(file, 'a file', 'a device, a pipe or a socket')
  const { size } = entry
  if (size === 0) throw invalid(file, 'the JSON of a LayersModel', 'an empty file')
  if (size > MAX_JSON_BYTES) throw invalid(file, `a model.json of at most ${MAX_JSON_BYTES} bytes`, `${size}`)
  const bytes = await readFile(file)
  if (nestsDeeperThan(MAX_JSON_DEPTH, bytes)) {
    throw invalid(file, `JSON nested at most ${MAX_JSON_DEPTH} deep`, 'deeper')
  }
  const model = parseModel(file, bytes.toString('utf8'))
  if (model.format === 'graph-model') throw graphModel(file)
  const { modelTopology, weightsManifest = [] } = model
  if (!isObject(modelTopology)) throw invalid(file, 'modelTopology', short(modelTopology))
  if (!Array.isArray(weightsManifest)) throw invalid(file, 'weightsManifest to be a list', short(weightsManifest))
  const groups = weightsManifest.map((group, index) => groupOf(group, `${file}: weightsManifest ${index}`))
  const shards = await checkedShards(file, groups)
  const weightData = await Promise.all(shards.map(plainBytes))
  const weightSpecs = groups.flatMap(({ weights }) => weights)
  return { file, shards, artifacts: { modelTopology, weightSpecs, weightData } }
}

async function modelFile(path: string): Promise<string> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT') throw cause
    throw new UserError('INPUT', `${path}: expected a model.json, its folder or a run, found nothing there`, { cause })
  })
  if (!found.isDirectory()) return path
  for (const candidate of [join(path, 'model.json'), join(path, 'model', 'model.json')]) {
    const isFile = await stat(candidate).then(
      (entry) => entry.isFile(),
      () => false,
    )
    if (isFile) return candidate
  }
  throw new UserError('INPUT', `${path}: expected model.json or model/model.json in this folder, found neither`)
}

/** Whether JSON has so many brackets open at once. JSON.parse would take gigabytes to find out. */
function nestsDeeperThan(limit: number, json: Uint8Array): boolean {
  let depth = 0
  let isInString = false
  for (let index = 0; index < json.length; index++) {
    const char = json[index]
    if (isInString) {
      if (char === BACKSLASH) index++
      else if (char === QUOTE) isInString = false
    } else if (char === QUOTE) isInString = true
    else if (char === OPEN_LIST || char === OPEN_OBJECT) {
      depth++
      if (depth > limit) return true
    } else if (char === CLOSE_LIST || char === CLOSE_OBJECT) depth--
  }
  return false
}

const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d]

function parseModel(file: string, text: string): JsonObject {
  let value: Json
  try {
    value = JSON.parse(text) as Json
  } catch (cause) {
    const what = 'text that is not JSON, or only a part of it'
    throw new UserError('INPUT', `${file}: expected the JSON of a LayersModel, found ${what}`, { cause })
  }
  if (!isObject(value)) throw invalid(file, 'the JSON of a LayersModel', short(value))
  return value
}

interface Group {
  readonly paths: readonly string[]
  readonly weights: readonly WeightSpec[]
}

function groupOf(group: Json, where: string): Group {
  if (!isObject(group)) throw invalid(where, 'paths and weights', short(group))
  const { paths, weights } = group
  if (!Array.isArray(paths) || !paths.every((path) => typeof path === 'string')) {
    throw invalid(where, 'a list of paths', short(paths))
  }
  if (!Array.isArray(weights) || !weights.every(isObject)) throw invalid(where, 'a list of weights', short(weights))
  return { paths, weights: weights as unknown as WeightSpec[] }
}

/** The real paths of all shards: each group's hold exactly its weights, none is read twice. Nothing is read yet. */
async function checkedShards(file: string, groups: readonly Group[]): Promise<string[]> {
  const shards: string[] = []
  let total = 0
  for (const { paths, weights } of groups) {
    const own = await Promise.all(paths.map((path) => shardFile(dirname(file), path)))
    const entries = await Promise.all(own.map((shard) => stat(shard)))
    const folder = own.find((_, index) => entries[index]?.isFile() !== true)
    if (folder !== undefined) throw invalid(folder, 'a shard of the model', 'no file')
    const declared = weights.reduce((bytes, spec) => bytes + weightByteLength(spec), 0)
    const present = entries.reduce((bytes, { size }) => bytes + size, 0)
    if (present !== declared) {
      throw invalid(`${file}: shards ${paths.join(', ')}`, `${declared} bytes as the manifest declares`, `${present}`)
    }
    for (const shard of own) shards.push(shard)
    total += present
  }
  if (new Set(shards).size !== shards.length) throw invalid(file, 'each shard once', 'one of them twice')
  if (total >= MAX_WEIGHT_BYTES) {
    throw new UserError('UNSUPPORTED', `${file}: expected weights of less than 2 GiB, found ${total} bytes`)
  }
  return shards
}

async function plainBytes(shard: string): Promise<Uint8Array> {
  const { buffer, byteOffset, byteLength } = await readFile(shard)
  // Not a Buffer: its slice() shares memory where Uint8Array's copies.
  return new Uint8Array(buffer, byteOffset, byteLength)
}

/** A shard's real path, which must lie within the model's folder: a model from elsewhere must not read other files. */
async function shardFile(folder: string, path: string): Promise<string> {
  const outside = new UserError('INPUT', `shard ${path}: expected a path within ${folder}, found one that leaves it`)
  const shard = resolve(folder, path)
  if (isAbsolute(path) || leaves(resolve(folder), shard)) throw outside
  const real = await realpath(shard).catch((cause) => {
    throw new UserError('INPUT', `${shard}: expected a shard of the model, found nothing there`, { cause })
  })
  if (leaves(await realpath(folder), real)) throw outside
  return real
}

function leaves(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)
}

function invalid(where: string, expected: string, found: string): UserError {
  return new UserError('INPUT', `${where}: expected ${expected}, found ${found}`)
}
