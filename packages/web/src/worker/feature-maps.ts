/** What each layer makes of a digit: the same graph with its intermediate values as further outputs. */
import { DataType, decodeModel, encodeModel, type Model, type Node } from 'mnist-export'
import { DIGIT_SIZE } from 'mnist-infer/digits'
import { float32 } from 'mnist-infer/runtime/web'
import type { FeatureStage } from '../runtime/protocol.js'
import type { OpenDigitModel } from './digit-model.js'
import { openModel } from './runtime.js'

/** Channels of a layer that are shown; a deep network has hundreds. */
const MAX_CHANNELS = 24

/** Stages that are shown, evenly taken where a network has more. */
const MAX_STAGES = 8

/** Where a layer ends, for the eye: what its activation or its pool lets through. */
const SHOWN: ReadonlySet<string> = new Set(['Sigmoid', 'Relu', 'Tanh', 'AveragePool', 'MaxPool', 'GlobalAveragePool'])

export interface FeatureMapper {
  /** @param digit [28 × 28], paper 0, ink 255 */
  map(digit: Uint8Array): Promise<readonly FeatureStage[]>
  close(): Promise<void>
}

export async function createFeatureMapper({ bytes, contract, report }: OpenDigitModel): Promise<FeatureMapper> {
  const model = decodeModel(bytes, 'the model')
  const shown = evenly(
    model.graph.nodes.filter(({ opType }) => SHOWN.has(opType)),
    MAX_STAGES,
  )
  // Always on WebAssembly: it is loaded, and one digit is little work.
  const session = await openModel(encodeModel(withOutputs(model, shown)), 'wasm', {
    threads: report.threads,
    onProgress: () => {},
  })
  const { ink, paper } = contract.range
  return {
    async map(digit) {
      const values = Float32Array.from(digit, (value) => paper + ((ink - paper) * value) / 255)
      const results = await session.run({ image: float32(values, [1, 1, DIGIT_SIZE, DIGIT_SIZE]) })
      return shown.map(({ opType, outputs: [output = ''], name }) => {
        const { dims, data } = results[output] as { dims: readonly number[]; data: Float32Array }
        return stage({ name: name === '' ? output : name, operator: opType }, dims, data)
      })
    },
    close: () => session.close(),
  }
}

function stage(
  { name, operator }: Pick<FeatureStage, 'name' | 'operator'>,
  dims: readonly number[],
  data: Float32Array,
): FeatureStage {
  const shape = dims.slice(1)
  const [channels = 1, ...window] = shape
  const pixels = window.reduce((product, length) => product * length, 1)
  const kept = window.length === 0 ? channels : Math.min(channels, MAX_CHANNELS)
  return { name, operator, shape, values: data.slice(0, kept * pixels) }
}

function withOutputs(model: Model, nodes: readonly Node[]): Model {
  const { graph } = model
  const known = new Set(graph.outputs.map(({ name }) => name))
  const added = nodes
    .map(({ outputs: [name = ''] }) => name)
    .filter((name) => !known.has(name))
    // Its shape is the runtime's to find out; its type is all that an output must say.
    .map((name) => ({ name, dataType: DataType.FLOAT, shape: [], unranked: true as const }))
  return { ...model, graph: { ...graph, outputs: [...graph.outputs, ...added] } }
}

function evenly<T>(items: readonly T[], most: number): readonly T[] {
  if (items.length <= most) return items
  const step = (items.length - 1) / (most - 1)
  return Array.from({ length: most }, (_, index) => items[Math.round(index * step)] as T)
}
