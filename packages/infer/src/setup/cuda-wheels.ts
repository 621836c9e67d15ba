/** The wheels that bring CUDA to onnxruntime-node 1.30: the CUDA provider of the same version, and the CUDA 13 libraries that it was built for. */
import type { Wheel } from './wheels.js'

const x64 = (name: string, version: string, sha256: string): Wheel => ({ name, version, sha256: { x64: sha256 } })

export const PROVIDER_WHEEL = x64(
  'onnxruntime-gpu',
  '1.30.0',
  '6acc0f4b3d5ac5f2984432faa59dd8fcce6775f8b43a7140afa0f322c7a703b1',
)

/** What `onnxruntime-gpu[cuda,cudnn]` asks for, and cuBLAS, which that leaves to cuDNN. */
export const CUDA_13_WHEELS: readonly Wheel[] = [
  x64('nvidia-cuda-runtime', '13.5.37', 'df2b79a8852f10d1fef8c848489c49eebb5754051bf870202a862831412b179d'),
  x64('nvidia-cuda-nvrtc', '13.5.37', '86b4d68058807988b7d9af5b44917a0601e9c337f35ccd657bfb3c759ff8d8bc'),
  x64('nvidia-nvjitlink', '13.5.37', '280d7cb9649704145f074b8dbde500de04ce02d0872e066e20a83c17bcaa93eb'),
  x64('nvidia-cublas', '13.10.0.20', 'dcc6d63884c53d07e267ce7e6feac17b2538cebaafec5db865736c3e28e4dc84'),
  x64('nvidia-curand', '10.4.5.25', '22bb226a857e5888fe6b54ae465fc4371296bcff13a35f79e19691bcf454f529'),
  x64('nvidia-cufft', '12.5.0.14', 'b8be26837a5abad2b5b74f3e92dd29f622a42934b355be0961a48712cbba23ad'),
  x64('nvidia-cudnn-cu13', '9.28.1.4', 'a54f205b1db1f2895d99f398754db1369816f0569dd459731f925635cf7b65ec'),
]
