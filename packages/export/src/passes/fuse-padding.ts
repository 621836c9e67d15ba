/**
 * Pad ∘ Pad → one Pad; Pad ∘ window → window with larger pads. With zeros of p before and q after the picture:
 *
 *   Pad(Pad(x, p, q), p', q') = Pad(x, p + p', q + q')
 *   Conv(Pad(x, p, q), pads a, b) = Conv(x, pads a + p, b + q)          a Conv pads with zeros itself
 *   AveragePool(Pad(x, p, q)) = AveragePool(x, pads p, q, count_include_pad)   the zeros count in the mean
 *   MaxPool(Pad(x, p, q)) = MaxPool(x, pads p, q)   only where x ≥ 0 everywhere: MaxPool pads with −∞, and max(0, …) of
 *     numbers from 0 on is the greatest of them as long as every window holds one: pads less than the kernel, no dilation
 */
import { intAttribute, intsAttribute } from '../graph/attributes.js'
import type { Node } from '../onnx/model.js'
import { floatValues, int64Tensor, int64Values } from '../onnx/tensor.js'
import type { GraphEdit } from './graph-edit.js'
import { eachNode, type Pass } from './pass.js'

export const fusePadding: Pass = {
  name: 'fuse-padding',
  rewrite:
    'Pad ∘ Conv → Conv with pads; also for pools, for MaxPool where its input is never negative; Pad ∘ Pad → Pad',
  order: 'before the folds into a Conv, so that one Conv is all that is left',
  keepsWeights: true,
  run: eachNode(fuse),
}

/** Operators that give numbers from 0 on whatever they get. */
const NEVER_NEGATIVE = new Set(['Relu', 'Sigmoid', 'HardSigmoid', 'Softmax', 'Softplus', 'Abs', 'ThresholdedRelu'])
/** Operators that give numbers from 0 on where all their inputs are. */
const KEEPS_SIGN = new Set([
  'MaxPool',
  'AveragePool',
  'Pad',
  'Dropout',
  'Identity',
  'Transpose',
  'Reshape',
  'Add',
  'Concat',
])

function fuse(edit: GraphEdit, node: Node): boolean | string {
  if (node.domain !== '') return false
  if (node.opType === 'Pad') return fusePads(edit, node)
  return ['Conv', 'MaxPool', 'AveragePool'].includes(node.opType) ? fuseWindow(edit, node) : false
}

function fusePads(edit: GraphEdit, outer: Node): boolean | string {
  const inner = edit.producer(outer.inputs[0] ?? '')
  if (inner?.opType !== 'Pad' || inner.domain !== '') return false
  const [innerPads, outerPads] = [zeroPads(edit, inner), zeroPads(edit, outer)]
  if (typeof innerPads === 'string') return innerPads
  if (typeof outerPads === 'string') return outerPads
  const sum = outerPads.map((length, index) => length + (innerPads[index] ?? 0))
  const pads = edit.add(int64Tensor(outer.inputs[1] ?? '', [sum.length], sum))
  edit.replace(outer, { ...outer, inputs: [inner.inputs[0] ?? '', pads, ...outer.inputs.slice(2)] })
  return true
}

function fuseWindow(edit: GraphEdit, window: Node): boolean | string {
  const [padded = ''] = window.inputs
  const pad = behindGuard(edit, edit.producer(padded))
  if (pad?.opType !== 'Pad' || pad.domain !== '') return false
  const margins = zeroMargins(edit, pad)
  if (typeof margins === 'string') return margins
  const kernel = intsAttribute(window, 'kernel_shape') ?? edit.constant(window.inputs[1])?.dims.slice(2)
  if (kernel === undefined) return 'its kernel is not known'
  if (window.attributes.auto_pad !== undefined) return 'it has auto_pad'
  const own = intsAttribute(window, 'pads') ?? margins.map(() => 0)
  const reason = window.opType === 'Conv' ? undefined : poolReason(edit, window, { kernel, own, margins, pad })
  if (reason !== undefined) return reason

  const pads = own.map((length, index) => length + (margins[index] ?? 0))
  const mean = window.opType === 'AveragePool' ? { count_include_pad: { type: 'INT', value: 1 } as const } : {}
  edit.replace(window, {
    ...window,
    inputs: [pad.inputs[0] ?? '', ...window.inputs.slice(1)],
    attributes: { ...window.attributes, ...mean, pads: { type: 'INTS', value: pads } },
  })
  return true
}

/** A Clip without bounds stands between a Pad and a MaxPool, so that ONNX Runtime does not fuse them (handlers/pooling.ts). */
function behindGuard(edit: GraphEdit, node: Node | undefined): Node | undefined {
  const isGuard = node?.opType === 'Clip' && node.domain === '' && node.inputs.length === 1
  return isGuard ? edit.producer(node.inputs[0] ?? '') : node
}

/** [begin…, end…] of the spatial axes, or why the Pad is not one of zeros around the picture alone. */
function zeroMargins(edit: GraphEdit, pad: Node): number[] | string {
  const lengths = zeroPads(edit, pad)
  if (typeof lengths === 'string') return lengths
  const rank = lengths.length / 2
  const [n = 0, c = 0, ...begins] = lengths.slice(0, rank)
  const [nEnd = 0, cEnd = 0, ...ends] = lengths.slice(rank)
  if (n !== 0 || c !== 0 || nEnd !== 0 || cEnd !== 0)
    return 'the Pad reaches beyond the picture, into batch or channels'
  return [...begins, ...ends]
}

/** [begin…, end…] of all axes, or why the Pad is not a known one of zeros. */
function zeroPads(edit: GraphEdit, pad: Node): number[] | string {
  const [, padsName, valueName = '', axes = ''] = pad.inputs
  const pads = edit.constant(padsName)
  const mode = pad.attributes.mode
  if (pads === undefined || axes !== '') return 'the pads are no constant for all axes'
  if (mode?.type === 'STRING' && mode.value !== 'constant') return `the Pad's mode is ${mode.value}`
  if (valueName !== '') {
    const value = edit.constant(valueName)
    if (value === undefined || floatValues(value).some((number) => number !== 0)) return 'the Pad is not one of zeros'
  }
  const lengths = int64Values(pads)
  return lengths.some((length) => length < 0) ? 'the Pad crops' : lengths
}

interface PoolWindow {
  readonly kernel: readonly number[]
  readonly own: readonly number[]
  readonly margins: readonly number[]
  readonly pad: Node
}

/** Why a pool can't take the zeros over, or undefined where it can. */
function poolReason(edit: GraphEdit, pool: Node, { kernel, own, margins, pad }: PoolWindow): string | undefined {
  if (own.some((length) => length !== 0)) return 'the pool has pads of its own, which are no zeros'
  if (intAttribute(pool, 'ceil_mode', 0) !== 0) return 'ceil_mode lets windows hang over the edge'
  if (intsAttribute(pool, 'dilations')?.some((dilation) => dilation !== 1))
    return 'a dilated window may miss the picture'
  if (margins.some((length, index) => length >= (kernel[index % kernel.length] ?? 0))) {
    return 'a window may lie in the zeros alone'
  }
  const [x = ''] = pad.inputs
  if (edit.producer(x)?.opType === 'Pad') return 'ONNX Runtime would fuse the Pad before it as well, without looking'
  if (pool.opType !== 'MaxPool') return undefined
  return isNeverNegative(edit, x) ? undefined : `${x} may be negative: a MaxPool pads with −∞, not with zeros`
}

function isNeverNegative(edit: GraphEdit, value: string): boolean {
  const pending = [value]
  const seen = new Set<string>()
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (seen.has(name)) continue
    seen.add(name)
    const node = edit.producer(name)
    if (node === undefined || node.domain !== '') return false
    if (NEVER_NEGATIVE.has(node.opType) || clipsAtZero(edit, node)) continue
    if (!KEEPS_SIGN.has(node.opType)) return false
    // Of a Pad or a Reshape, only the first input is numbers of the picture.
    const combined = node.opType === 'Add' || node.opType === 'Concat'
    pending.push(...(combined ? node.inputs : node.inputs.slice(0, 1)))
  }
  return true
}

function clipsAtZero(edit: GraphEdit, node: Node): boolean {
  const min = node.opType === 'Clip' ? edit.constant(node.inputs[1]) : undefined
  return min !== undefined && floatValues(min).every((number) => number >= 0)
}
