/** Pictures: files to grey pixels, grey pixels to a digit in MNIST's framing, and back to something to look at. */
export { type DecodeOptions, decodePicture, MAX_PIXELS } from './decode.js'
export {
  type Framed,
  type FramedDigit,
  type FramedMany,
  type FrameOptions,
  frameDigit,
  frameDigits,
  type Invert,
  type NoDigit,
  type Step,
} from './frame.js'
export { greyFromRgba } from './grey.js'
export type { Polarity } from './ink.js'
export type { Box, GreyPicture } from './picture.js'
export { encodePng, renderSvg } from './render.js'
export type { NamedBytes } from './source.js'
