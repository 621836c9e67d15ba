/** Where MNIST is to be had. */
import { UserError } from 'mnist-export/errors'

/** The mirrors that torchvision and TensorFlow's examples use, in the order in which they are asked. */
const MIRRORS: readonly string[] = [
  'https://ossci-datasets.s3.amazonaws.com/mnist/',
  'https://storage.googleapis.com/cvdf-datasets/mnist/',
]

/** The folders, as URLs that end in `/`: MNIST_MIRROR of `environment` alone where it is set, else the usual ones. */
export function mirrorsOf({ MNIST_MIRROR }: NodeJS.ProcessEnv): readonly string[] {
  if (MNIST_MIRROR === undefined || MNIST_MIRROR === '') return MIRRORS
  const mirror = MNIST_MIRROR.endsWith('/') ? MNIST_MIRROR : `${MNIST_MIRROR}/`
  const { protocol } = URL.canParse(mirror) ? new URL(mirror) : { protocol: '' }
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new UserError('USAGE', `MNIST_MIRROR: expected a URL that begins https:// or http://, found ${MNIST_MIRROR}`)
  }
  return [mirror]
}
