/** One picture as another hand, pen and camera would have made it. A pure function of the picture and the random numbers. */
import { DIGIT_PIXELS, type Random } from 'mnist-infer/mnist'
import { blur, contrast, grain, thicken } from './ink.js'
import { KNOTS, warp } from './warp.js'

/** The most that is done, at strength 1; 'half' stands for the range from minus to plus. */
const MOST = {
  /** Tangent of half the angle: 17°. */
  halfTurn: 0.15,
  /** How far x moves for a unit of y. */
  slant: 0.35,
  /** Width and height, each of the original's. */
  scale: 0.2,
  /** Pixels. */
  shift: 2,
  /** Of the elastic field's knots, in pixels. */
  elastic: 2.2,
  thicker: 0.9,
  thinner: 0.45,
  blur: 0.9,
  harder: 1.2,
  paler: 0.45,
  /** Grey levels. */
  grain: 28,
} as const

/** Shares of the pictures that are left as they are, or that get each of what not every picture has. */
const UNTOUCHED = 0.15
const SOME = 0.4
const FEW = 0.2

const plane = new Float64Array(DIGIT_PIXELS)
const field = new Float64Array(2 * KNOTS * KNOTS)

/**
 * @param original [784], paper 0, full ink 255
 * @param out [784]
 */
export function augment(original: Uint8Array, out: Uint8Array, random: Random): void {
  if (random() < UNTOUCHED) {
    out.set(original)
    return
  }
  const strength = random()
  const upTo = (most: number): number => strength * most * random()
  const half = (most: number): number => strength * most * (2 * random() - 1)

  // cos and sin of the angle whose half has the tangent t; no function whose last bit depends on the machine.
  const t = half(MOST.halfTurn)
  const [cos, sin] = [(1 - t * t) / (1 + t * t), (2 * t) / (1 + t * t)]
  const [width, height] = [1 + half(MOST.scale), 1 + half(MOST.scale)]
  const slant = half(MOST.slant)
  const bend = upTo(MOST.elastic)
  for (let index = 0; index < field.length; index++) field[index] = bend * (2 * random() - 1)
  warp(
    original,
    {
      matrix: [cos * width, (cos * slant - sin) * height, sin * width, (sin * slant + cos) * height],
      shift: [half(MOST.shift), half(MOST.shift)],
      field,
    },
    plane,
  )
  if (random() < SOME) thicken(plane, random() < 0.5 ? upTo(MOST.thicker) : -upTo(MOST.thinner))
  if (random() < FEW) blur(plane, upTo(MOST.blur))
  if (random() < SOME) contrast(plane, { gain: 1 + upTo(MOST.harder), ink: 1 - upTo(MOST.paler) })
  if (random() < FEW) grain(plane, { deviation: upTo(MOST.grain), start: random() })
  for (let index = 0; index < DIGIT_PIXELS; index++) {
    // Bytes are cut off below 0 and above 255; a half is added, so that the nearest is taken.
    const value = (plane[index] as number) + 0.5
    out[index] = Math.max(0, Math.min(255, value))
  }
}
