/**
 * Four variants of LeNet-5, each with one thing changed.
 *
 * | network   | what is changed            | conv1    | conv2    | flatten | parameters |
 * |-----------|----------------------------|----------|----------|--------:|-----------:|
 * | lenet5-01 | 3×3 kernels                | 30×30×6  | 13×13×16 |     576 |     81,194 |
 * | lenet5-02 | half the channels          | 28×28×3  | 10×10×8  |     200 |     35,820 |
 * | lenet5-03 | ReLU for every sigmoid     | 28×28×6  | 10×10×16 |     400 |     61,706 |
 * | lenet5-04 | one convolution, one dense | 28×28×16 |          |   3,136 |     31,786 |
 */
import { LENET5, type LeNetShape } from './lenet5.js'

/** conv1 still pads by 2, so that its maps grow to 30×30; the pools leave 15×15 and 6×6. */
export const SMALL_KERNELS: LeNetShape = { ...LENET5, kernel: 3 }

export const HALF_THE_CHANNELS: LeNetShape = { ...LENET5, channels: [3, 8] }

export const RELU: LeNetShape = { ...LENET5, activation: 'relu' }

export const SHALLOW: LeNetShape = { ...LENET5, channels: [16], hidden: [] }
