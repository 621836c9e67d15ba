/** The two kinds of pixel planes that the picture path hands from step to step. */

/** A grey picture: `pixels` [height × width], row by row from the top, 0 black … 255 white. */
export interface GreyPicture {
  readonly width: number
  readonly height: number
  readonly pixels: Uint8Array
}

/** A plane of real numbers, `values` [height × width], row by row from the top. As ink: 0 paper … 255 full ink. */
export interface Plane {
  readonly width: number
  readonly height: number
  readonly values: Float32Array
}

/** A rectangle of whole pixels: `x`, `y` its first column and row. */
export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** A plane of zeros. */
export function emptyPlane(width: number, height: number): Plane {
  return { width, height, values: new Float32Array(width * height) }
}

/** The same values as whole numbers 0…255; what lies outside is clipped. */
export function greyOf({ width, height, values }: Plane): GreyPicture {
  // A clamped array rounds to the nearest and clips, so nothing else has to.
  return { width, height, pixels: new Uint8Array(Uint8ClampedArray.from(values).buffer) }
}
