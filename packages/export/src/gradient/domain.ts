/** The internal domain of composite operators: no file ever holds one. */
export const GRADIENT_DOMAIN = 'mnist.gradient'
