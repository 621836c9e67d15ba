import { expect, test } from 'vitest'
import { dropoutSeed } from '../../src/engine/dropout-seed.js'

test('every step of every run drops by another seed, an int32 from 0 up, and always by the same', () => {
  const seeds = [0, 1, 2].flatMap((seed) => Array.from({ length: 500 }, (_, step) => dropoutSeed(seed, step)))
  expect(new Set(seeds).size).toBe(seeds.length)
  for (const seed of seeds) expect(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 31).toBe(true)
  expect(dropoutSeed(1, 499)).toBe(seeds[999])
})
