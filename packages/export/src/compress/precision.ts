/** What a model's weights, and what it computes with, can be stored as. */

/**
 * - `fp32`: as it is.
 * - `fp16`: weights of half precision, cast back by the graph: half the bytes, the same arithmetic, runs everywhere.
 * - `int8`: weights of 8 bits, one scale an output channel, and activations of 8 bits by calibrated ranges: a quarter of the bytes, and
 *   integer arithmetic where the runtime has it.
 * - `int8-weights`: the weights alone; the arithmetic stays float.
 * - `int4`: weights of dense layers of 4 bits in blocks with a scale each, other weights as `int8-weights`: an eighth of the bytes.
 */
export const PRECISIONS = ['fp32', 'fp16', 'int8', 'int8-weights', 'int4'] as const
export type Precision = (typeof PRECISIONS)[number]
