import { expect, test } from 'vitest'
import { collapseWarning } from '../../src/run/collapse.js'
import { drawCurves } from '../../src/run/curves.js'
import { type EpochMetrics, resultsText } from '../../src/run/results.js'

const epoch = (number: number, loss: number, trainAccuracy = 0.1124, testAccuracy = 0.1135): EpochMetrics => ({
  epoch: number,
  loss,
  trainAccuracy,
  testAccuracy,
  testLoss: 2.3,
  trainSeconds: 6,
  testSeconds: 0.3,
})

test('the results file has one line an epoch, with a space at the end of each', () => {
  expect(resultsText([epoch(0, 2.413, 0.112, 0.114), epoch(10, 0.08, 0.9756, 0.9705)])).toBe(
    'epoch 0  loss 2.413, train acc 0.112, test acc 0.114 \nepoch 10  loss 0.080, train acc 0.976, test acc 0.971 \n',
  )
})

test('a ReLU network at ln 10 for three epochs has collapsed, a sigmoid network has not', () => {
  const history = [epoch(0, 2.31), epoch(1, 2.3013), epoch(2, 2.3024)]
  expect(collapseWarning(history, true)).toContain('ReLUs')
  expect(collapseWarning(history, false)).toBeUndefined()
  expect(collapseWarning(history.slice(1), true)).toBeUndefined()
  expect(collapseWarning([epoch(0, 1.2), ...history.slice(1)], true)).toBeUndefined()
})

test('a loss that is no number is a collapse at once', () => {
  expect(collapseWarning([epoch(0, Number.NaN)], false)).toMatch(
    /^the loss is NaN after epoch 0: .* Try a smaller --lr/,
  )
})

test('the curves are drawn in the colours and dashes of their contract, also where a loss is no number', async () => {
  const svg = await drawCurves('lenet5, seed 0', [epoch(0, 2.3), epoch(1, Number.NaN), epoch(2, 0.4, 0.9, 0.91)])
  expect(svg).toMatch(/^<svg/)
  for (const style of [
    'stroke="purple"',
    'stroke="green"',
    'stroke="blue"',
    'stroke-dasharray="6,4"',
    'stroke-dasharray="2,3"',
  ]) {
    expect(svg).toContain(style)
  }
  for (const name of ['train loss', 'train acc', 'test acc', 'epoch']) expect(svg).toContain(`>${name}</text>`)
  expect(svg).not.toContain('NaN')
})
