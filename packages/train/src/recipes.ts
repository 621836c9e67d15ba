/** How each network is trained: plain SGD on softmax cross-entropy, and these numbers. */
import { UserError } from 'mnist-export'
import type { NetworkName } from './networks/names.js'

export interface Recipe {
  /** Pictures a step. */
  readonly batchSize: number
  /** Of plain SGD, per step on the batch's mean gradient. */
  readonly learningRate: number
  /** The learning rate falls evenly to 0 at the last step, rather than to stay as it is. */
  readonly falling?: true
  /** Passes over the training pictures. */
  readonly epochs: number
  /** What the batches hold, where that is not the data set as it is; in words too, for the card. */
  readonly pictures?: { readonly kind: 'robust'; readonly description: string }
}

const LENET: Recipe = {
  // 235 steps an epoch: steps large enough to keep two cores busy, many enough to learn in 20 epochs.
  batchSize: 256,
  // Sigmoids pass on a quarter of a gradient at most, so that the first layers need large steps.
  learningRate: 0.6,
  // At 0.6 the sigmoids sit at chance for up to five epochs; what is left is enough for 97 %.
  epochs: 20,
}

/** Not faithful to any article: for pictures as people have them. */
const ROBUST: Recipe = {
  // More steps an epoch than the faithful recipes make: pictures that are never the same twice can bear them.
  batchSize: 128,
  // A third of what kills ReLUs.
  learningRate: 0.2,
  // A run that ends at small steps ends where it has averaged over many batches.
  falling: true,
  // New pictures each time: no epoch learns them by heart.
  epochs: 40,
  pictures: {
    kind: 'robust',
    description:
      'distorted anew in each epoch, among generated digits, and letters, scribbles and textures as outliers; a twelfth held out',
  },
}

/** Network → recipe name → recipe; each network has `default`. */
export const RECIPES: Readonly<Record<NetworkName, Readonly<Record<string, Recipe>>>> = {
  lenet5: {
    default: LENET,
    // Leaves the plateau sooner, at the price of a noisier end: for a first look.
    quick: { ...LENET, learningRate: 0.9, epochs: 10 },
  },
  'lenet5-01': { default: LENET },
  'lenet5-02': { default: LENET },
  // ReLUs can die at this rate, and do for two seeds of seven: the comparison with sigmoids wants all else equal.
  'lenet5-03': { default: LENET, robust: ROBUST },
  'lenet5-04': { default: LENET },
  alexnet: {
    default: {
      // Activations of 224×224 pictures: half of LeNet's batch fits in 4 GB.
      batchSize: 128,
      // ReLUs pass gradients on whole; without momentum this is about what the article's 0.01 with 0.9 is at its start.
      learningRate: 0.01,
      // Minutes an epoch, and MNIST is learned by then.
      epochs: 10,
    },
  },
  resnet18: {
    default: {
      // Batch statistics over 256 pictures are steady, and 96×96 maps of that many fit in 4 GB.
      batchSize: 256,
      // Batch normalization bears larger steps than AlexNet does.
      learningRate: 0.05,
      // Minutes an epoch; the first one alone gives 98 %.
      epochs: 10,
    },
  },
}

/** @throws UserError USAGE where the network has no recipe of that name. */
export function recipeOf(network: NetworkName, name: string): Recipe {
  const recipes = RECIPES[network]
  const recipe = Object.hasOwn(recipes, name) ? recipes[name] : undefined
  if (recipe !== undefined) return recipe
  const known = Object.keys(recipes).join(', ')
  throw new UserError('USAGE', `--recipe: expected ${known} for ${network}, found ${name === '' ? 'nothing' : name}`)
}

/** Name of the model that is released: `lenet5` by its own recipe, `lenet5-quick` by another. */
export function releasedName({ network, recipe }: { readonly network: string; readonly recipe: string }): string {
  return recipe === 'default' ? network : `${network}-${recipe}`
}
