/** The losses of many steps, portable and lowered, against PyTorch's from the same weights and batches. Minutes of computing. */
import { beforeAll, describe, expect, test } from 'vitest'
import { portable } from '../../src/gradient/portable/index.js'
import { compositeTrainingStep } from '../../src/gradient/training-step.js'
import { lowerTrainingStep } from '../../src/lowering/index.js'
import { encodeModel } from '../../src/onnx/encode.js'
import type { Model } from '../../src/onnx/model.js'
import { floatTensor, floatValues } from '../../src/onnx/tensor.js'
import { alexNet, FULL_ALEXNET, FULL_RESNET, resNet } from '../gradient/support/networks.js'
import { firstDigits } from './support/mnist.js'
import { askOracle } from './support/oracle.js'

const isAsked = process.env.ORACLE_PYTHON !== undefined && process.env.LONG_TESTS !== undefined

/** Milliseconds; on a busy machine. */
const LIMIT = 3_600_000

type Losses = Readonly<Record<string, readonly number[]>>

interface Plan {
  readonly batch: number
  readonly steps: number
  readonly learningRate: number
  /** Runs of PyTorch whose initial weights are multiplied by 1 + 1e-7 normal. */
  readonly perturbed: number
}

function losses(model: Model, { batch, steps, learningRate, perturbed }: Plan): Promise<Losses> {
  const step = compositeTrainingStep(model)
  const { pixels, labels } = firstDigits(batch * steps)
  return askOracle('training_losses.py', {
    files: {
      'model.onnx': encodeModel(model),
      'portable.onnx': encodeModel({ ...step, graph: portable(step.graph) }),
      'lowered.onnx': encodeModel(lowerTrainingStep(step, { batch })),
    },
    given: {
      model: 'model.onnx',
      images: [...pixels],
      labels,
      batch,
      steps,
      learning_rate: learningRate,
      perturbed,
      graphs: { portable: 'portable.onnx', lowered: 'lowered.onnx' },
    },
  })
}

/** Every dropout's ratio 0. */
function withoutDropout(model: Model): Model {
  const ratios = new Set(model.graph.nodes.filter(({ opType }) => opType === 'Dropout').map(({ inputs }) => inputs[1]))
  const initializers = model.graph.initializers.map((tensor) =>
    ratios.has(tensor.name) ? floatTensor(tensor.name, [], [0]) : tensor,
  )
  return { ...model, graph: { ...model.graph, initializers } }
}

/**
 * Weights of Xavier's size, as our runs begin with, and normalizations that do nothing yet. From He's, which the builder draws, steps of the
 * recipe's size on so few digits throw the losses to 10 and 20, and nothing agrees for long, PyTorch with itself included.
 */
function asRunsBegin(model: Model): Model {
  const initializers = model.graph.initializers.map((tensor) => {
    const { name, dims } = tensor
    if (/bn\d\./.test(name)) {
      return floatTensor(name, dims, new Float32Array(dims[0] ?? 0).fill(/(weight|var)$/.test(name) ? 1 : 0))
    }
    const [outputs = 0, inputs = 0] = dims
    if (!name.endsWith('.weight')) return tensor
    const scale = Math.sqrt(inputs / (inputs + outputs))
    return floatTensor(
      name,
      dims,
      (floatValues(tensor) as Float32Array).map((value) => value * scale),
    )
  })
  return { ...model, graph: { ...model.graph, initializers } }
}

describe.runIf(isAsked)('the losses of training (needs ORACLE_PYTHON and LONG_TESTS)', () => {
  describe('AlexNet, dropout off, 30 steps of 8 digits', () => {
    let found: Losses
    beforeAll(async () => {
      const plan = { batch: 8, steps: 30, learningRate: 0.01, perturbed: 0 }
      found = await losses(asRunsBegin(withoutDropout(alexNet(7, FULL_ALEXNET))), plan)
    }, LIMIT)

    test.each(['portable', 'lowered'])('%s: agree with PyTorch’s to 1e-3', (form) => {
      const relative = found.torch?.map((loss, step) => Math.abs((found[form]?.[step] ?? 0) / loss - 1)) ?? []
      expect(relative).toHaveLength(30)
      expect(Math.max(...relative)).toBeLessThan(1e-3)
    })
  })

  describe('ResNet-18, 12 steps of 16 digits', () => {
    let found: Losses
    beforeAll(async () => {
      const plan = { batch: 16, steps: 12, learningRate: 0.05, perturbed: 4 }
      found = await losses(asRunsBegin(resNet(9, FULL_RESNET)), plan)
    }, LIMIT)

    /**
     * Chaotic from the third step on. In a whole run each of five PyTorch runs is off the others' median by 6 to 17 % of the loss, the
     * portable step by 10, the lowered by 7. Step by step the lowered one shows that it rounds more coarsely than 1e-7: in the second
     * and third steps, where PyTorch's runs are within 0.3 and 1.4 %, it is 1.5 and 2.3 % below them.
     */
    test.each(['portable', 'lowered'])(
      '%s: a run is no farther from PyTorch’s than those perturbed by 1e-7',
      (form) => {
        const runs = Object.entries(found).flatMap(([name, values]) => (name.startsWith('torch') ? [values] : []))
        expect(runs).toHaveLength(5)
        const own = runs.map((run) =>
          distance(
            run,
            runs.filter((other) => other !== run),
          ),
        )
        expect(distance(found[form] ?? [], runs)).toBeLessThan(Math.max(...own))
      },
    )
  })
})

/** The mean over the steps of |ln(loss / median loss of the others)|. */
function distance(run: readonly number[], others: readonly (readonly number[])[]): number {
  const steps = run.map((loss, step) =>
    Math.abs(Math.log(loss / median(others.map((other) => other[step] ?? Number.NaN)))),
  )
  return steps.reduce((sum, value) => sum + value, 0) / steps.length
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return ((sorted[middle] as number) + (sorted[sorted.length - 1 - middle] as number)) / 2
}
