/** Digits in a folder of four IDX files, named and laid out as MNIST's makers, torchvision and Keras's users have them. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from 'mnist-export/errors'
import { CLASSES, DIGIT_SIZE, type Digits } from './digits.js'
import { type IdxArray, readIdx } from './idx.js'

/** The two halves of the data set, by the names that its files begin with. */
export type Part = 'train' | 't10k'

/** torchvision keeps the files in MNIST/raw below the folder that it is given. */
const SUBFOLDERS = ['', join('MNIST', 'raw'), 'raw']

/**
 * Reads one part of the data set in `folder`: the file of pictures and the one of labels, with or without .gz.
 * @throws UserError INPUT where a file is missing or malformed, or the two don't belong together
 */
export async function readDigits(folder: string, part: Part): Promise<Digits> {
  const imagesPath = await findFile(folder, `${part}-images`, 'idx3-ubyte')
  const labelsPath = await findFile(folder, `${part}-labels`, 'idx1-ubyte')
  const [images, labels] = await Promise.all([readIdx(imagesPath), readIdx(labelsPath)])
  checkImages(imagesPath, images)
  checkLabels(labelsPath, labels)
  const [count] = images.shape as [number]
  if (labels.data.length !== count) {
    throw new UserError(
      'INPUT',
      `${labelsPath}: expected ${count} labels, one for each picture of ${imagesPath}, found ${labels.data.length}: ` +
        'take both files from one data set',
    )
  }
  return { images: images.data, labels: labels.data, count }
}

/** Whether `folder` has all four files, whatever they hold. */
export async function hasDigits(folder: string): Promise<boolean> {
  const found = await Promise.all(
    (['train', 't10k'] as const).flatMap((part) => [
      lookFor(folder, `${part}-images`, 'idx3-ubyte'),
      lookFor(folder, `${part}-labels`, 'idx1-ubyte'),
    ]),
  )
  return found.every((path) => path !== undefined)
}

async function findFile(folder: string, stem: string, suffix: string): Promise<string> {
  const path = await lookFor(folder, stem, suffix)
  if (path !== undefined) return path
  const folderStat = await stat(folder).catch(() => undefined)
  const found = folderStat === undefined ? 'no such folder' : folderStat.isDirectory() ? 'no such file' : 'a file'
  throw new UserError(
    'INPUT',
    `${folder}: expected a folder with ${stem}-${suffix} (or .gz, or in MNIST/raw), found ${found}: ` +
      'name the folder of the four MNIST files',
  )
}

/** The first file there is of all the names it may have. */
async function lookFor(folder: string, stem: string, suffix: string): Promise<string | undefined> {
  for (const subfolder of SUBFOLDERS) {
    for (const name of [`${stem}-${suffix}`, `${stem}.${suffix}`]) {
      for (const ending of ['', '.gz']) {
        const path = join(folder, subfolder, name + ending)
        const isThere = await stat(path).then(
          (entry) => !entry.isDirectory(),
          () => false,
        )
        if (isThere) return path
      }
    }
  }
  return undefined
}

function checkImages(path: string, { shape }: IdxArray): void {
  const [count, height, width] = shape
  if (shape.length === 3 && count !== 0 && height === DIGIT_SIZE && width === DIGIT_SIZE) return
  throw new UserError(
    'INPUT',
    `${path}: expected pictures of [count, ${DIGIT_SIZE}, ${DIGIT_SIZE}], found [${shape.join(', ')}]: ` +
      'name a data set laid out as MNIST is',
  )
}

function checkLabels(path: string, { shape, data }: IdxArray): void {
  if (shape.length !== 1) {
    throw new UserError(
      'INPUT',
      `${path}: expected labels of [count], found [${shape.join(', ')}]: are pictures and labels exchanged?`,
    )
  }
  const wrong = data.findIndex((label) => label >= CLASSES)
  if (wrong >= 0) {
    throw new UserError(
      'INPUT',
      `${path}: expected labels from 0 to ${CLASSES - 1}, found ${data[wrong]} at ${wrong}: name a data set of digits`,
    )
  }
}
