/** The table of networks: name → builder and facts. A new network is a builder in a file of its own and a line here. */
import type { LayersModel } from '@tensorflow/tfjs-layers'
import { loadTfjs, type Tfjs } from '../tfjs/tfjs.js'
import { ALEXNET, alexnet } from './alexnet.js'
import { setInitialWeights } from './initial-weights.js'
import { LENET5, type LeNetShape, lenet } from './lenet5.js'
import { HALF_THE_CHANNELS, RELU, SHALLOW, SMALL_KERNELS } from './lenet5-variants.js'
import { type NetworkName, networkName } from './names.js'
import { RESNET18, resnet } from './resnet18.js'

export interface Network {
  /** The network, weights all zero: `image` [N, 28, 28, 1] → logits [N, 10]. */
  readonly build: (tf: Tfjs) => LayersModel
  /** Trainable parameters. */
  readonly parameters: number
  /** It has units that can die: `collapse.ts`. */
  readonly relu: boolean
  /** What it answers in training depends on the other pictures of the batch. */
  readonly batchNormalization?: true
  /** In a few words, for the list of networks. */
  readonly summary: string
}

export const NETWORKS: Readonly<Record<NetworkName, Network>> = {
  lenet5: lenetOf(LENET5, 61_706, 'LeNet-5: two convolutions, three dense layers, sigmoids'),
  'lenet5-01': lenetOf(SMALL_KERNELS, 81_194, 'LeNet-5 with 3×3 kernels'),
  'lenet5-02': lenetOf(HALF_THE_CHANNELS, 35_820, 'LeNet-5 with half the channels'),
  'lenet5-03': lenetOf(RELU, 61_706, 'LeNet-5 with ReLU for every sigmoid'),
  'lenet5-04': lenetOf(SHALLOW, 31_786, 'one convolution and one dense layer'),
  alexnet: {
    build: (tf) => alexnet(tf, ALEXNET),
    parameters: 46_764_746,
    relu: true,
    summary: 'AlexNet: five convolutions, three dense layers, dropout; 224×224 inside',
  },
  resnet18: {
    build: (tf) => resnet(tf, RESNET18),
    parameters: 11_178_378,
    relu: true,
    batchNormalization: true,
    summary: 'ResNet-18: residual blocks with batch normalization; 96×96 inside',
  },
}

function lenetOf(shape: LeNetShape, parameters: number, summary: string): Network {
  return { build: (tf) => lenet(tf, shape), parameters, relu: shape.activation === 'relu', summary }
}

/** The network with the initial weights of `seed`, on tfjs's backend of the moment. The caller disposes of it. */
export async function buildNetwork(name: string, seed: number): Promise<LayersModel> {
  const { build } = networkOf(name)
  const tf = await loadTfjs()
  const model = build(tf)
  setInitialWeights(tf, model, seed)
  return model
}

/** @throws UserError USAGE where there is no network of that name. */
export function networkOf(name: string): Network {
  return NETWORKS[networkName(name)]
}

/** Trainable parameters of the network. */
export function parameterCount(name: string): number {
  return networkOf(name).parameters
}

/** Whether the network has units that can die. */
export function hasRelu(name: string): boolean {
  return networkOf(name).relu
}

/** Whether the network normalises over the batch. */
export function hasBatchNormalization(name: string): boolean {
  return networkOf(name).batchNormalization === true
}
