/** The script tag's entry: defines `<mnist-digit>`. */
import { defineMnistDigit } from './element/register.js'

defineMnistDigit()

export * from './index.js'
