/** The door to ONNX Runtime: sessions, tensors, and which provider runs them. */
export { cudaObstacle } from './cuda-library.js'
export { loadRuntime, openSession } from './node.js'
export {
  float32,
  int64,
  type ProviderName,
  type ProviderReport,
  type RunOptions,
  type RuntimeTensor,
  type Session,
  type SessionOptions,
  type TensorType,
} from './session.js'
