/** What a run's recipe says beyond numbers: what its batches hold, and how its learning rate goes. */
import type { Digits } from 'mnist-infer/mnist'
import { robustPictures } from '../augment/robust-pictures.js'
import { networkName } from '../networks/names.js'
import { recipeOf } from '../recipes.js'
import type { LoopOptions } from './loop.js'
import type { RunSettings } from './settings.js'

export function methodOf(
  { network, recipe: name, seed }: Pick<RunSettings, 'network' | 'recipe' | 'seed'>,
  train: Digits,
): Pick<LoopOptions, 'pictures' | 'rateAt'> {
  const recipe = recipeOf(networkName(network), name)
  return {
    ...(recipe.pictures === undefined ? {} : { pictures: robustPictures(train, seed) }),
    ...(recipe.falling === undefined ? {} : { rateAt: (done: number) => 1 - done }),
  }
}
