/**
 * The contract of a digit model's file: one picture in, logits and probabilities out, and in its metadata how it was made and what
 * a runner must do to a picture before the model sees it.
 */
import type { ConvertOptions } from './convert/convert.js'

/** What is known of a trained network when it becomes a file. */
export interface DigitModelFacts {
  /** `lenet5` */
  readonly network: string
  readonly recipe: string
  /** Epochs really trained. */
  readonly epochs: number
  /** In words. */
  readonly dataset: string
  readonly seed: number
  /** Share of the test pictures classified rightly, 0…1; NaN where it was not measured. */
  readonly testAccuracy: number
}

/** `mnist.input`: pictures of `size` [height, width], ink and paper as these values, framed as MNIST's makers did. */
export const DIGIT_INPUT = { size: [28, 28], ink: 1, paper: 0, framing: 'mnist' } as const

/**
 * Options that convert a network of ours as its readers expect it: `image` FLOAT [batch, 1, 28, 28], values 0…1 with ink 1, to
 * `logits` and `probabilities` FLOAT [batch, 10]. Metadata: the keys that tools know (those of Windows ML) and `mnist.*`.
 */
export function digitModelOptions(facts: DigitModelFacts): ConvertOptions {
  const { network, recipe, epochs, dataset, seed, testAccuracy } = facts
  return {
    name: network,
    nchw: true,
    inputNames: ['image'],
    outputNames: ['logits'],
    probabilities: 'probabilities',
    docString: `${network}: reads one handwritten digit. image: 28×28, ink 1, paper 0, framed as in MNIST`,
    metadata: {
      model_author: 'mnist-onnx',
      model_license: 'MIT',
      'Image.BitmapPixelFormat': 'Gray8',
      'Image.NominalPixelRange': 'Normalized_0_1',
      'mnist.network': network,
      'mnist.recipe': recipe,
      'mnist.epochs': String(epochs),
      'mnist.dataset': dataset,
      'mnist.seed': String(seed),
      ...(Number.isNaN(testAccuracy) ? {} : { 'mnist.test_accuracy': String(testAccuracy) }),
      'mnist.input': JSON.stringify(DIGIT_INPUT),
    },
  }
}
