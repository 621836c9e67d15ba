/** Versions that everything we write is pinned to, each with its reason. */

/** Opset 17 loads on every ONNX Runtime since 1.12; from opset 19 on, AveragePool has no WebGPU kernel in many versions. */
export const OPSET = 17

/** IR 8 belongs to opset 17 (onnx 1.12): the oldest reader that can run the graph can also open the file. */
export const IR_VERSION = 8
