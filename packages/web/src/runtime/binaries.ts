/** Where the runtime's binaries lie, beside this file once it is built; and whether they may run. */
import type { WebProvider } from './protocol.js'

/** By onnxruntime-web's build. */
export const BINARIES: Readonly<Record<WebProvider, URL>> = {
  wasm: new URL('./ort/ort-wasm-simd-threaded.wasm', import.meta.url),
  webgpu: new URL('./ort/ort-wasm-simd-threaded.asyncify.wasm', import.meta.url),
}

/** `(module)`: the smallest there is. */
const EMPTY_MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)

/** @throws Error where the page's policy, or the browser, does not let WebAssembly run: the browser's own. */
export function tryWebAssembly(): void {
  new WebAssembly.Module(EMPTY_MODULE)
}
