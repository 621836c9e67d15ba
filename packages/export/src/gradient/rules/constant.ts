/** Ops whose result does not change with small changes of their inputs, or has no gradient by its type: nothing flows back. */

import { GRADIENT_DOMAIN } from '../domain.js'
import type { GradientRule } from '../rule.js'

const nothing: GradientRule = () => []

const NAMES = ['ArgMax', 'ArgMin', 'Ceil', 'ConstantOfShape', 'Floor', 'Round', 'Shape', 'Sign', 'Size']

export const CONSTANT_GRADIENTS: Readonly<Record<string, GradientRule>> = {
  ...Object.fromEntries(NAMES.map((name) => [name, nothing])),
  [`${GRADIENT_DOMAIN}.DropoutMask`]: nothing,
}
