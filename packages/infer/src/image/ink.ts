/** How much ink lies on each pixel, whatever the light, the paper's colour and which of ink and paper is the darker. */
import { difference, ground, type Surface } from './illumination.js'
import { emptyPlane, type Plane } from './picture.js'
import { valueOfRank } from './select.js'

/** Which of ink and paper is the darker one. MNIST itself is light on dark. */
export type Polarity = 'dark-on-light' | 'light-on-dark'

/** Darker paper than this (or, light on dark, lighter) is taken for it: a ratio to next to nothing says nothing. */
const LEAST_RANGE = 96

/** Places that noise is measured at. */
const NOISE_SAMPLES = 8192

/** A quarter of a normal distribution lies within so many standard deviations. */
const QUARTER = 0.3186

/** What the second difference of white noise of sigma 1 has: 1² + 2² + 1² = 6. */
const SECOND_DIFFERENCE_SIGMA = Math.sqrt(6)

export interface Ink {
  /** 0 paper … 255 all that the paper's brightness leaves room for (black on any paper; white on any board). */
  readonly plane: Plane
  /** The same measured from the surface that most of the picture lies on, rather than from what is around each place. */
  readonly raised: Plane
  /** What a grey level's difference is in ink, on average. */
  readonly gain: number
}

/**
 * The ink of a picture.
 *
 * @param picture Brightness 0…255.
 * @param light.surface The paper's brightness (`paperSurface`), of the same size.
 * @param light.window What is wider, as a share of the longer side, is not ink but a change of light.
 */
export function inkPlane(
  picture: Plane,
  { surface: { plane: surface, even }, window }: { surface: Surface; window: number },
  polarity: Polarity,
): Ink {
  const dark = polarity === 'dark-on-light'
  const above = dark ? difference(surface, picture) : difference(picture, surface)
  const floors = ground(above, { window, even }).values
  const plane = emptyPlane(picture.width, picture.height)
  const raised = emptyPlane(picture.width, picture.height)
  const count = floors.length
  let units = 0
  for (let index = 0; index < count; index++) {
    const height = above.values[index] as number
    const floor = floors[index] as number
    const light = surface.values[index] as number
    const range = dark ? light - floor : 255 - light - floor
    const unit = 255 / Math.max(LEAST_RANGE, range)
    const ink = (height - floor) * unit
    plane.values[index] = Math.min(255, Math.max(0, ink))
    raised.values[index] = height * unit
    units += unit
  }
  const gain = units / count
  return { plane, raised, gain }
}

/**
 * The picture's noise: standard deviation in its own units, from the second differences along the rows, of which the quietest
 * quarter is blind to edges and ramps. White noise of sigma s gives them a sigma of √6·s.
 */
export function noiseOf({ width, height, values }: Plane): number {
  if (width < 3) return 0
  const step = Math.max(1, Math.round((width * height) / NOISE_SAMPLES))
  const differences = new Float32Array(Math.ceil((width * height) / step))
  let count = 0
  for (let index = 1; index < width * height - 1; index += step) {
    if (index % width === 0 || index % width === width - 1) continue
    const second = (values[index - 1] as number) - 2 * (values[index] as number) + (values[index + 1] as number)
    differences[count++] = Math.abs(second)
  }
  return (valueOfRank(differences.subarray(0, count), count >> 2) ?? 0) / (QUARTER * SECOND_DIFFERENCE_SIGMA)
}
