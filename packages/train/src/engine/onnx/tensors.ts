/** The network's state as ONNX Runtime takes it, and what the step graphs take and give besides. */
import { DIGIT_SIZE } from 'mnist-infer/mnist'
import { float32, type RuntimeTensor } from 'mnist-infer/runtime'
import type { EngineState } from '../engine.js'
import { scaledPixels } from '../pixels.js'

/** By name. */
export type Tensors = Record<string, RuntimeTensor>

/** [n × 784] of bytes → FLOAT [n, 1, 28, 28], 0…1. */
export function imageTensor(images: Uint8Array, count: number): RuntimeTensor {
  return float32(scaledPixels(images), [count, 1, DIGIT_SIZE, DIGIT_SIZE])
}

/** In the same memory. */
export function tensorsOf(state: EngineState): Tensors {
  return Object.fromEntries([...state].map(([name, { shape, values }]) => [name, float32(values, shape)]))
}

export function copied(state: EngineState): EngineState {
  return new Map([...state].map(([name, { shape, values }]) => [name, { shape, values: values.slice() }]))
}

export function floatsOf({ data }: RuntimeTensor): Float32Array {
  return data as Float32Array
}

export function scalarOf(results: Readonly<Record<string, RuntimeTensor>>, name: string): number {
  const value = results[name]?.data[0]
  if (value === undefined) throw new Error(`internal: the training step has no output ${name}`)
  return Number(value)
}
