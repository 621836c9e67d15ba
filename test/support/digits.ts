/** A small data set of generated digits, in MNIST's file format. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeIdx, generateDigits } from 'mnist-infer/mnist'

/** Writes the four files into `folder` and returns it. */
export async function writeDigits(folder: string, counts: { train: number; test: number }): Promise<string> {
  await mkdir(folder, { recursive: true })
  const parts = [
    ['train', counts.train, 1],
    ['t10k', counts.test, 2],
  ] as const
  for (const [name, count, seed] of parts) {
    const { images, labels } = generateDigits({ count, seed })
    await writeFile(join(folder, `${name}-images-idx3-ubyte`), encodeIdx({ shape: [count, 28, 28], data: images }))
    await writeFile(join(folder, `${name}-labels-idx1-ubyte`), encodeIdx({ shape: [count], data: labels }))
  }
  return folder
}
