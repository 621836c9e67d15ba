/**
 * The wheels whose TensorFlow our binding is known to compile and train with: 2.18.1 has the C interface that tfjs-node 4.22 calls, and
 * kernels for CUDA 12. Hashes are of the files for CPython 3.12; only their C++ libraries are used, whatever Python is here.
 */
import type { Wheel } from 'mnist-infer/setup'

export type TensorflowKind = 'cpu' | 'cuda'

export const TENSORFLOW_VERSION = '2.18.1'

const tensorflow = (name: string, sha256: Wheel['sha256']): Wheel => ({ name, version: TENSORFLOW_VERSION, sha256 })

const nvidia = (name: string, version: string, x64: string): Wheel => ({
  name: `nvidia-${name}-cu12`,
  version,
  sha256: { x64 },
})

/** What `tensorflow[and-cuda]` asks for. */
const CUDA_12_WHEELS: readonly Wheel[] = [
  nvidia('cuda-runtime', '12.5.82', '3e79a060e126df40fd3a068f3f787eb000fa51b251ec6cd97d09579632687115'),
  nvidia('cuda-nvrtc', '12.5.82', '3dbd97b0104b4bfbc3c4f8c79cd2496307c89c43c29a9f83125f1d76296ff3fd'),
  nvidia('cuda-nvcc', '12.5.82', 'b03e545b8e8c3ce7ebcd7fc44063180ff52ff01d064ece2127ed90a04ef12cd0'),
  nvidia('cuda-cupti', '12.5.82', 'bde77a5feb66752ec61db2adfe47f56b941842825b4c7e2068aff27c9d107953'),
  nvidia('nvjitlink', '12.5.82', 'f9b37bc5c8cf7509665cb6ada5aaa0ce65618f2332b7d3e78e9790511f111212'),
  nvidia('cublas', '12.5.3.2', 'ca070ad70e9fa6654084575d01bd001f30cc4665e33d4bb9fc8e0f321caa034b'),
  nvidia('cufft', '11.2.3.61', '9a6e8df162585750f61983a638104a48c756aa13f9f48e19ab079b38e3c828b8'),
  nvidia('curand', '10.3.6.82', '2823fb27de4e44dbb22394a6adf53aa6e1b013aca0f8c22867d1cfae58405536'),
  nvidia('cusparse', '12.5.1.3', '016df8e993c437e8301e62739f01775cba988fd5253cd4c64173f8e8d2f8e752'),
  nvidia('cusolver', '11.6.3.83', '93cfafacde4428b71778eeb092ec615a02a3d05404da1bcf91c53e3fa1bce42b'),
  nvidia('nccl', '2.21.5', '8579076d30a8c24988834445f8d633c697d42397e92ffc3f63fa26766d25e0a0'),
  nvidia('cudnn', '9.3.0.75', '9ad9c6929ebb5295eb4a1728024666d1c88283373e265a0c5c883e6f9d5cd76d'),
]

/** On arm64 the package `tensorflow` is the one for the CPU. */
export const TENSORFLOW_WHEELS: Readonly<Record<TensorflowKind, readonly Wheel[]>> = {
  cpu: [
    process.arch === 'arm64'
      ? tensorflow('tensorflow', { arm64: '1ba52b9c06ab8102b31e50acfaf56899b923171e603c8942f2bfeb181d6bb59e' })
      : tensorflow('tensorflow-cpu', { x64: '8e0f27dbd92c6d380ae0ccfe73c7343f65c127b0aa98467c30c2e71eda7c76a4' }),
  ],
  cuda: [
    tensorflow('tensorflow', { x64: '442d2a774811789a8ad948e7286cb950fe3d87d3754e8cc6449d53b03dbfdaa6' }),
    ...CUDA_12_WHEELS,
  ],
}

/** NVIDIA's oldest driver for CUDA 12 (CUDA Toolkit release notes, table of minimum driver versions). */
export const OLDEST_DRIVER = '525.60'

/** What TensorFlow looks for at run time, each after those that it needs itself. */
export const CUDA_12_LIBRARIES = [
  'libcudart.so.12',
  'libnvrtc.so.12',
  'libnvJitLink.so.12',
  'libcublasLt.so.12',
  'libcublas.so.12',
  'libcufft.so.11',
  'libcurand.so.10',
  'libcusparse.so.12',
  'libcusolver.so.11',
  'libnccl.so.2',
  'libcupti.so.12',
  'libcudnn.so.9',
] as const
