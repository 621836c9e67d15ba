/**
 * The training pictures of the recipe `robust`: each epoch new ones, made from those of the data set, generated digits, and outliers
 * whose labels are drawn at random. In expectation a random label's cross-entropy is the one against 0.1 for every class: the network
 * learns to be unsure of what is no digit, with the step of every other recipe.
 */
import { CLASSES, createRandom, DIGIT_PIXELS, type Digits, generateDigits, generateOutliers } from 'mnist-infer/mnist'
import type { EpochPictures } from '../run/epoch-pictures.js'
import { augment } from './augment.js'

/** What an epoch is made of; the rest are the data set's own pictures. */
const GENERATED_SHARE = 0.17
const OUTLIER_SHARE = 0.13

/** Different originals, as shares of the data set's pictures; each is changed anew whenever it is drawn. */
const GENERATED_ORIGINALS = 0.4
const OUTLIER_ORIGINALS = 0.4

/**
 * Of the training pictures, the last twelfth is kept apart (5,000 of MNIST's): for what is fitted after the training, the temperature and
 * the least probability of an answer.
 */
const HELD_OUT_SHARE = 1 / 12

/** Those that the training uses, and those that it never sees. */
export function splitHeldOut({ images, labels, count }: Digits): { used: Digits; heldOut: Digits } {
  const kept = count - Math.floor(count * HELD_OUT_SHARE)
  return {
    used: { images: images.subarray(0, kept * DIGIT_PIXELS), labels: labels.subarray(0, kept), count: kept },
    heldOut: { images: images.subarray(kept * DIGIT_PIXELS), labels: labels.subarray(kept), count: count - kept },
  }
}

/** As many pictures an epoch as the data set has. A picture depends on seed, epoch and its index alone. */
export function robustPictures(train: Digits, seed: number): EpochPictures {
  const { used } = splitHeldOut(train)
  const generated = generateDigits({ count: Math.ceil(train.count * GENERATED_ORIGINALS), seed })
  const outlierCount = Math.ceil(train.count * OUTLIER_ORIGINALS)
  const outliers = generateOutliers({ count: outlierCount, seed })

  return (indices, epoch) => {
    const images = new Uint8Array(indices.length * DIGIT_PIXELS)
    const labels = new Uint8Array(indices.length)
    for (const [place, index] of indices.entries()) {
      const random = createRandom(seed, `picture ${index} of epoch ${epoch}`)
      const out = images.subarray(place * DIGIT_PIXELS, (place + 1) * DIGIT_PIXELS)
      const kind = random()
      if (kind < OUTLIER_SHARE) {
        labels[place] = Math.floor(random() * CLASSES)
        augment(pictureAt(outliers, Math.floor(random() * outlierCount)), out, random)
      } else {
        const own = kind >= OUTLIER_SHARE + GENERATED_SHARE
        const digits = own ? used : generated
        // Each of the data set's own where it can be: the epoch then holds as many of them as it may.
        const from = own && index < used.count ? index : Math.floor(random() * digits.count)
        labels[place] = digits.labels[from] as number
        augment(pictureAt(digits.images, from), out, random)
      }
    }
    return { images, labels }
  }
}

function pictureAt(images: Uint8Array, index: number): Uint8Array {
  return images.subarray(index * DIGIT_PIXELS, (index + 1) * DIGIT_PIXELS)
}
