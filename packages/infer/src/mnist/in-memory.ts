/** What of the data sets needs no Node: generated digits and the random numbers that runs are repeatable by. For browsers. */
export { CLASSES, DIGIT_PIXELS, DIGIT_SIZE, type Digits } from './digits.js'
export { type GenerateOptions, generateDigits } from './generate/generate-digits.js'
export { createRandom, type Random } from './random.js'
