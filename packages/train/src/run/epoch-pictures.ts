/** Where the pictures of a batch come from: the data set as it is, or something made from it anew in each epoch. */
import type { Digits } from 'mnist-infer/mnist'

export interface LabelledPictures {
  /** [n × 784], rows of 28, 0 paper to 255 ink. */
  readonly images: Uint8Array
  /** [n], each 0…9. */
  readonly labels: Uint8Array
}

/** The pictures and labels at `indices` of an epoch, in that order: the same whenever they are asked for. */
export type EpochPictures = (indices: Uint32Array, epoch: number) => LabelledPictures

/** The data set's own, the same in each epoch. */
export function plainPictures(digits: Digits): EpochPictures {
  const pixels = digits.images.length / digits.count
  return (indices) => {
    const images = new Uint8Array(indices.length * pixels)
    const labels = new Uint8Array(indices.length)
    indices.forEach((index, position) => {
      images.set(digits.images.subarray(index * pixels, (index + 1) * pixels), position * pixels)
      labels[position] = digits.labels[index] as number
    })
    return { images, labels }
  }
}
