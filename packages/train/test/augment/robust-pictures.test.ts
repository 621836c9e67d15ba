import { createRandom, type Digits, generateDigits } from 'mnist-infer/mnist'
import { describe, expect, test } from 'vitest'
import { augment } from '../../src/augment/augment.js'
import { robustPictures, splitHeldOut } from '../../src/augment/robust-pictures.js'
import { openOnnxEngine } from '../../src/engine/onnx/onnx-engine.js'
import { buildNetwork } from '../../src/networks/index.js'
import { RECIPES } from '../../src/recipes.js'
import { plainPictures } from '../../src/run/epoch-pictures.js'
import { type Progress, START, trainingLoop } from '../../src/run/loop.js'
import { methodOf } from '../../src/run/method.js'

const PIXELS = 784
const train = generateDigits({ count: 600, seed: 1 })
const all = Uint32Array.from({ length: train.count }, (_, index) => index)

describe('the pictures of the recipe robust', () => {
  const pictures = robustPictures(train, 3)
  const { images, labels } = pictures(all, 2)

  test('depend on seed, epoch and index alone: a resumed run, whatever it asks for first, gets the same', () => {
    const backwards = all.slice().reverse()
    const again = robustPictures(train, 3)
    for (const index of [599, 17, 0, 300]) {
      const one = again(Uint32Array.of(index), 2)
      expect(one.images).toEqual(images.subarray(index * PIXELS, (index + 1) * PIXELS))
      expect([...one.labels]).toEqual([labels[index]])
    }
    expect([...again(backwards, 2).labels]).toEqual([...labels].reverse())
    expect(pictures(all, 3).images).not.toEqual(images)
    expect(robustPictures(train, 4)(all, 2).images).not.toEqual(images)
  })

  test('are never those that are held out', () => {
    const { used, heldOut } = splitHeldOut(train)
    expect([used.count, heldOut.count]).toEqual([550, 50])
    // Full ink everywhere stays so in its middle, whatever the distortion but pale ink; nothing else is like it.
    const marked: Digits = { ...train, images: train.images.slice().fill(255, used.count * PIXELS) }
    const drawn = [0, 1, 2].map((epoch) => robustPictures(marked, 3)(all, epoch).images)
    const middle = (picture: Uint8Array): number =>
      Math.min(...[10, 12, 14, 16, 18].map((y) => Math.min(...picture.subarray(y * 28 + 9, y * 28 + 20))))
    const full = drawn.flatMap((epoch) =>
      [...all].filter((index) => middle(epoch.subarray(index * PIXELS, (index + 1) * PIXELS)) > 100),
    )
    expect(full.length).toBeLessThan(6)
  })

  test('hold outliers whose labels are drawn evenly: one in eight or so has no class of its own', () => {
    // The data set's digits are all 0 here and the generated ones evenly spread: what differs from 0 is generated or an outlier.
    const zeros: Digits = { ...train, labels: new Uint8Array(train.count) }
    const counts = new Uint32Array(10)
    for (let epoch = 0; epoch < 10; epoch++)
      for (const label of robustPictures(zeros, 1)(all, epoch).labels) counts[label] = (counts[label] as number) + 1
    // 6,000 draws: (0.13 + 0.17) / 10 of them for each other class, 180, with a deviation of 13.
    for (const count of counts.subarray(1)) expect(Math.abs(count - 180)).toBeLessThan(4.5 * 13)
  })

  test('are changed one in six or so not at all, of the others the ink stays within a third and three times', () => {
    let same = 0
    const out = new Uint8Array(PIXELS)
    const inkOf = (picture: Uint8Array): number => picture.reduce((sum, value) => sum + value, 0)
    for (let index = 0; index < train.count; index++) {
      const original = train.images.subarray(index * PIXELS, (index + 1) * PIXELS)
      augment(original, out, createRandom(9, String(index)))
      if (Buffer.compare(original, out) === 0) same++
      const share = inkOf(out) / inkOf(original)
      expect(share).toBeGreaterThan(1 / 3)
      expect(share).toBeLessThan(3)
    }
    // 600 · 0.15 = 90, deviation 8.7.
    expect(Math.abs(same - 90)).toBeLessThan(40)
  })
})

describe('the training loop', () => {
  const dataset = { train: generateDigits({ count: 120, seed: 5 }), test: generateDigits({ count: 40, seed: 6 }) }
  const plan = { epochs: 2, batchSize: 50, learningRate: 0.2, seed: 8 }
  const options = { batchSize: 50, seed: 8, threads: 1 }
  const openEngine = async () => {
    const model = await buildNetwork('lenet5-03', 8)
    const { engine } = await openOnnxEngine(model, options)
    model.dispose()
    return engine
  }
  const methodFor = () => methodOf({ network: 'lenet5-03', recipe: 'robust', seed: 8 }, dataset.train)

  test('goes on with robust pictures and a falling rate, cut after any batch, to the very same weights', async () => {
    const whole = await openEngine()
    let last: Progress = START
    for await (const { progress } of trainingLoop({ engine: whole, dataset, plan, ...methodFor() })) last = progress

    const first = await openEngine()
    let cut: Progress = START
    for await (const { progress } of trainingLoop({ engine: first, dataset, plan, ...methodFor() })) {
      cut = progress
      // Within the second epoch.
      if (progress.epoch === 1 && progress.batch === 1) break
    }
    const second = await openEngine()
    await second.restore(await first.state())
    let resumed: Progress = START
    for await (const { progress } of trainingLoop({ engine: second, dataset, plan, from: cut, ...methodFor() }))
      resumed = progress

    expect(await second.state()).toEqual(await whole.state())
    expect(resumed.history.map(({ loss }) => loss)).toEqual(last.history.map(({ loss }) => loss))
    for (const engine of [whole, first, second]) await engine.dispose()
  })

  test('takes the data set as it is, at one rate, for every faithful recipe', () => {
    for (const [network, recipes] of Object.entries(RECIPES)) {
      for (const recipe of Object.keys(recipes).filter((name) => name !== 'robust')) {
        expect(methodOf({ network, recipe, seed: 0 }, train)).toEqual({})
      }
    }
    const { images, labels } = plainPictures(train)(Uint32Array.of(7, 3), 5)
    expect(images.subarray(PIXELS)).toEqual(train.images.subarray(3 * PIXELS, 4 * PIXELS))
    expect([...labels]).toEqual([train.labels[7], train.labels[3]])
    expect(methodFor().rateAt?.(0.25)).toBe(0.75)
  })
})
