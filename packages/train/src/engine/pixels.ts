/** Bytes of pictures → what the networks read. */

/** 0 → 0, 255 → 1, to float32. */
const SCALED = Float32Array.from({ length: 256 }, (_, value) => value / 255)

/** `images` [n × 784], 0…255 → 0…1. */
export function scaledPixels(images: Uint8Array, target = new Float32Array(images.length)): Float32Array {
  for (let index = 0; index < images.length; index++) target[index] = SCALED[images[index] as number] as number
  return target
}
