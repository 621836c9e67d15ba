/**
 * Reverse-mode differentiation of a graph (Griewank and Walther, "Evaluating Derivatives", 2nd ed., chapter 3): the nodes
 * from last to first, each turning the gradient of its output into those of its inputs; what reaches a value by several ways adds up.
 */
import { UserError } from '../errors.js'
import type { GraphBuilder, Value } from '../graph/builder.js'
import { add } from '../graph/ops/index.js'
import { ruleKey } from '../graph/shape-inference.js'
import type { Node } from '../onnx/model.js'
import { GRADIENT_RULES } from './rules.js'

export interface Differentiation {
  /** The forward nodes in topological order, already in the graph under construction. */
  readonly nodes: readonly Node[]
  /** The value that is differentiated, and the loss's gradient with respect to it. */
  readonly seeds: readonly { readonly value: string; readonly gradient: Value }[]
  /** Names of the values whose gradients are wanted. */
  readonly wanted: readonly string[]
}

/**
 * Adds the nodes that compute the gradients, each scoped `gradient/<forward node>`, and returns them by the name of what
 * they belong to. A wanted value that the loss does not depend on is not among them.
 *
 * @throws UserError UNSUPPORTED where an operator on the way has no rule.
 */
export function gradients(g: GraphBuilder, { nodes, seeds, wanted }: Differentiation): ReadonlyMap<string, Value> {
  const dependent = dependents(nodes, wanted)
  const found = new Map(seeds.map(({ value, gradient }) => [value, gradient]))
  for (const node of nodes.toReversed()) {
    const dys = node.outputs.map((name) => found.get(name))
    const dy = dys[0] ?? dys.find((gradient) => gradient !== undefined)
    if (dy === undefined || !node.inputs.some((input) => dependent.has(input))) continue
    const rule = GRADIENT_RULES[ruleKey(node)]
    if (rule === undefined) throw noRule(node)
    if (!DIFFERENTIATED_BY_OUTPUT.has(node.opType)) checkFirstOutput(node, dys)
    g.scoped(`gradient/${node.name}`, () => {
      const needs = (index: number): boolean => dependent.has(node.inputs[index] ?? '')
      const inputs = node.inputs.map((name) => (name === '' ? undefined : g.value(name)))
      const outputs = node.outputs.filter((name) => name !== '').map((name) => g.value(name))
      const parts = rule({ g, node, inputs, outputs, dy, dys, needs })
      for (const [index, name] of node.inputs.entries()) {
        const part = parts[index]
        if (part === undefined || !needs(index)) continue
        const before = found.get(name)
        found.set(name, before === undefined ? part : add(g, before, part))
      }
    })
  }
  return new Map(wanted.flatMap((name) => (found.has(name) ? [[name, found.get(name) as Value]] : [])))
}

/** Every value that depends on one of `roots`, and the roots. */
function dependents(nodes: readonly Node[], roots: readonly string[]): ReadonlySet<string> {
  const reached = new Set(roots)
  for (const node of nodes) {
    if (node.inputs.some((input) => reached.has(input))) for (const output of node.outputs) reached.add(output)
  }
  reached.delete('')
  return reached
}

/** Ops whose rules take the gradients of all outputs; the others' take the first one's. */
const DIFFERENTIATED_BY_OUTPUT: ReadonlySet<string> = new Set(['Split'])

function checkFirstOutput({ opType, name, outputs }: Node, dys: readonly (Value | undefined)[]): void {
  const other = dys.findIndex((gradient, index) => index > 0 && gradient !== undefined)
  if (other === -1) return
  const found = `one of output ${other} (${outputs[other]})`
  throw new UserError(
    'UNSUPPORTED',
    `node ${name}: expected a gradient of ${opType}'s first output alone, found ${found}`,
  )
}

function noRule({ opType, domain, name }: Node): UserError {
  const op = ruleKey({ domain, opType })
  const known = Object.keys(GRADIENT_RULES)
    .filter((key) => !key.includes('.'))
    .sort()
    .join(', ')
  return new UserError('UNSUPPORTED', `node ${name}: expected an operator with a gradient rule (${known}), found ${op}`)
}
