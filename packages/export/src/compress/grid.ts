/** The 256 values that an 8-bit activation can have: scale · (q - zero), q from 0 to 255. */
import { UserError } from '../errors.js'
import { DataType, type Node, type Tensor } from '../onnx/model.js'
import { floatTensor, floatValues, tensor } from '../onnx/tensor.js'
import type { Ranges } from './calibration.js'
import type { Names } from './names.js'

export interface Grid {
  /** FLOAT scalar. */
  readonly scale: Tensor
  /** UINT8 scalar: the q that means 0, exactly. */
  readonly zero: Tensor
}

/** The grid over the range of `value`. @throws UserError INPUT where there is none, or none that is finite. */
export function gridOf(value: string, { names, ranges }: { names: Names; ranges: Ranges }): Grid {
  const range = ranges.get(value)
  if (range === undefined || !Number.isFinite(range.max - range.min) || range.max < range.min) {
    const found = range === undefined ? 'none' : `${range.min} to ${range.max}`
    throw new UserError(
      'INPUT',
      `ranges: expected a finite one for ${value}, found ${found}; calibrationValues lists all`,
    )
  }
  const min = Math.min(0, range.min)
  const max = Math.max(0, range.max)
  const scale = Math.fround((max - min) / 255) || 1
  const zero = Math.max(0, Math.min(255, Math.round(-min / scale)))
  return {
    scale: floatTensor(names.add(`${value}.scale`), [], [scale]),
    zero: tensor(names.add(`${value}.zero`), DataType.UINT8, [], Uint8Array.of(zero)),
  }
}

export function scaleOf({ scale }: Grid): number {
  return floatValues(scale)[0] as number
}

/** value → QuantizeLinear → DequantizeLinear → the output: the nearest values of the grid. */
export function throughGrid(
  value: string,
  { scale, zero }: Grid,
  names: Names,
): { readonly nodes: readonly Node[]; readonly output: string } {
  const stored = names.add(`${value}.uint8`)
  const output = names.add(`${value}.rounded`)
  const node = (opType: string, from: string, to: string): Node => ({
    name: names.add(`${value}/${opType}`),
    opType,
    domain: '',
    inputs: [from, scale.name, zero.name],
    outputs: [to],
    attributes: {},
  })
  return { nodes: [node('QuantizeLinear', value, stored), node('DequantizeLinear', stored, output)], output }
}
