/**
 * Repeatable random numbers: xoshiro128** 1.1 (Blackman and Vigna, "Scrambled linear pseudorandom number generators", ACM
 * TOMS 47, 2021; prng.di.unimi.it), seeded through the finaliser of MurmurHash3. Not for secrets.
 */
import { UserError } from 'mnist-export/errors'

/** Gives the next number, uniform in [0, 1), with 32 random bits. */
export type Random = () => number

/**
 * A stream of random numbers that depends on `seed` (a whole number from 0 to 2^53 - 1) and `purpose` alone. Streams of
 * one seed for different purposes don't follow one another: what one of them is used for doesn't move the others.
 */
export function createRandom(seed: number, purpose = ''): Random {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new UserError('USAGE', `seed: expected a whole number from 0 to ${Number.MAX_SAFE_INTEGER}, found ${seed}`)
  }
  const next = xoshiro128(seedState(seed, purpose))
  // The first outputs are functions of one or two words of the state: from the fourth on, every bit of the seed is in all.
  for (let round = 0; round < 4; round++) next()
  return () => next() / 0x1_0000_0000
}

/** The bare generator: the next of 2^128 - 1 unsigned 32-bit numbers, from a `state` of four that aren't all 0. */
export function xoshiro128(state: readonly [number, number, number, number]): () => number {
  let [s0, s1, s2, s3] = state
  return () => {
    const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9)
    const shifted = s1 << 9
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= shifted
    s3 = rotateLeft(s3, 11)
    return result >>> 0
  }
}

/** Different seeds give different states for certain, since each half of the seed passes a bijection into its own word. */
function seedState(seed: number, purpose: string): [number, number, number, number] {
  const low = finalise(seed)
  const high = finalise(Math.floor(seed / 0x1_0000_0000) + GOLDEN)
  const word = finalise(hashText(purpose))
  return [low, high, word, finalise(low ^ rotateLeft(high, 11) ^ rotateLeft(word, 22)) | 1]
}

/** 2^32 divided by the golden ratio: keeps the two halves of a small seed apart. */
const GOLDEN = 0x9e3779b9

/** fmix32 of MurmurHash3 (Appleby): a bijection on 32 bits in which each input bit moves each output bit. */
function finalise(value: number): number {
  let hash = value | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

/** FNV-1a, 32 bits, over the text's UTF-16 code units. */
function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}
