/** What of the picture path needs no Node: RGBA or grey pixels to a digit in MNIST's framing. For browsers. */
export {
  type Framed,
  type FramedDigit,
  type FramedMany,
  type FrameOptions,
  frameDigit,
  frameDigits,
  type Invert,
  type NoDigit,
} from './frame.js'
export { greyFromRgba } from './grey.js'
export type { Polarity } from './ink.js'
export type { Box, GreyPicture } from './picture.js'
