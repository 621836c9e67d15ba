/** What `--engine` takes. */
export const ENGINE_NAMES = ['auto', 'tfjs-gpu', 'tfjs-node', 'tfjs-webgpu', 'onnx', 'tfjs'] as const

export type EngineName = (typeof ENGINE_NAMES)[number]
