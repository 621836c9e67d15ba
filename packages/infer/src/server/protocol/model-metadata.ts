/** A model as the protocol describes it: metadata, and the configuration that Triton's clients ask for. */
import type { ValueInfo } from 'mnist-export'
import type { DigitModel } from '../../model/contract.js'
import { servedOutputs } from '../pool/model-runner.js'

export interface TensorMetadata {
  readonly name: string
  readonly datatype: 'FP32'
  /** -1: any length. */
  readonly shape: readonly number[]
}

export interface ModelMetadata {
  readonly name: string
  readonly versions: readonly string[]
  readonly platform: string
  readonly inputs: readonly TensorMetadata[]
  readonly outputs: readonly TensorMetadata[]
}

/** Platform's name in the protocol, and in Triton. */
const PLATFORM = 'onnxruntime_onnx'

export function modelMetadata(name: string, versions: readonly string[], model: DigitModel): ModelMetadata {
  return {
    name,
    versions,
    platform: PLATFORM,
    inputs: model.inputs.map(tensorMetadata),
    outputs: servedOutputs({ model }).map(tensorMetadata),
  }
}

/** Triton's model configuration, as its clients read it. */
export function modelConfig(name: string, maxBatch: number, model: DigitModel) {
  const tensor = ({ name: of, shape }: ValueInfo) => ({
    name: of,
    data_type: 'TYPE_FP32',
    dims: lengths(shape).slice(1),
  })
  return {
    name,
    platform: PLATFORM,
    backend: 'onnxruntime',
    max_batch_size: maxBatch,
    input: model.inputs.map(tensor),
    output: servedOutputs({ model }).map(tensor),
  }
}

/** Requests of any batch are taken, whatever batch the graph is fixed to. */
function tensorMetadata({ name, shape }: ValueInfo): TensorMetadata {
  return { name, datatype: 'FP32', shape: [-1, ...lengths(shape).slice(1)] }
}

function lengths(shape: ValueInfo['shape']): number[] {
  return shape.map((dim) => (typeof dim === 'number' ? dim : -1))
}
