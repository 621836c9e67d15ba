/**
 * Gradients of one op against finite differences. L = Σ y dy for random dy, so that dL/dx is what the op's rule makes of dy. The
 * derivative is the fourth-order central difference (Abramowitz and Stegun, 25.3.6) of the op as onnxruntime computes it:
 *
 *     L'(x) ≈ (L(x-2h) - 8 L(x-h) + 8 L(x+h) - L(x+2h)) / 12h,   h = 1/32
 *
 * Its error is h⁴/30 L⁽⁵⁾ ≈ 3e-8, and float32's rounding of y, some 6e-8 |y| √n / h ≈ 1e-5.
 */
import { IR_VERSION, OPSET } from '../../../src/constants.js'
import { COMPOSITE_RULES } from '../../../src/gradient/composite.js'
import { portable } from '../../../src/gradient/portable/index.js'
import { gradients } from '../../../src/gradient/reverse.js'
import { GraphBuilder, type Value } from '../../../src/graph/builder.js'
import { DataType, type Graph, type Model } from '../../../src/onnx/model.js'
import type { Random } from './random.js'
import { type Feed, type Feeds, floats, openSession, type Results } from './session.js'

const STEP = 1 / 32

/** How an input's values are drawn. */
export type Domain =
  /** Standard normal. */
  | 'normal'
  /** In 0.5…1.5, where logarithms, roots and quotients are tame. */
  | 'positive'
  /** All apart from each other and from 0 by 0.25 and more, so that no difference steps over a kink. */
  | 'apart'

export interface DifferentiableInput {
  readonly shape: readonly number[]
  readonly domain?: Domain
}

export interface RuleCase {
  /** Differentiated with respect to each. */
  readonly inputs: readonly DifferentiableInput[]
  /** The op on its inputs. */
  readonly build: (g: GraphBuilder, inputs: readonly Value[]) => Value
  /** The first input's first length is known only at run time. */
  readonly dynamicBatch?: boolean
}

export interface Comparison {
  /** The largest ‖found - expected‖ / ‖expected‖ of the inputs. */
  readonly error: number
  /** The graph that was run. */
  readonly graph: Graph
}

export async function compareWithDifferences(rule: RuleCase, random: Random): Promise<Comparison> {
  const names = rule.inputs.map((_, index) => `x${index}`)
  const values = rule.inputs.map((input) => draw(input, random))
  const forward = model(portable(forwardGraph(rule, names).g.graph()))
  const [output] = forward.graph.outputs
  const evaluate = await openSession(forward)
  const feeds: Feeds = Object.fromEntries(
    names.map((name, index) => [name, floats((rule.inputs[index] as DifferentiableInput).shape, values[index] ?? [])]),
  )
  const y = (await evaluate(feeds))[output?.name ?? ''] ?? []
  const dy = random.normals(y.length)
  const loss = (results: Results): number =>
    (results[output?.name ?? ''] ?? []).reduce((sum, value, index) => sum + value * (dy[index] as number), 0)

  const backward = model(portable(backwardGraph(rule, names)))
  const dyShape = outputShape(rule, names)
  const found = await (await openSession(backward))({ ...feeds, dy: floats(dyShape, dy) })

  let error = 0
  for (const [index, name] of names.entries()) {
    const x = values[index] as Float32Array
    const expected: number[] = []
    for (let element = 0; element < x.length; element++) {
      const at = async (offset: number): Promise<number> => {
        const moved = x.slice()
        moved[element] = (x[element] as number) + offset * STEP
        return loss(await evaluate({ ...feeds, [name]: { ...(feeds[name] as Feed), values: moved } }))
      }
      const [a, b, c, d] = [await at(-2), await at(-1), await at(1), await at(2)]
      expected.push((a - 8 * b + 8 * c - d) / (12 * STEP))
    }
    error = Math.max(error, relative(found[`gradient.${name}`] ?? [], expected))
  }
  return { error, graph: backward.graph }
}

function forwardGraph(rule: RuleCase, names: readonly string[], dynamic = true): { g: GraphBuilder; y: Value } {
  const g = new GraphBuilder('rule', { rules: COMPOSITE_RULES })
  const inputs = names.map((name, index) => {
    const { shape } = rule.inputs[index] as DifferentiableInput
    const batch = dynamic && rule.dynamicBatch === true && index === 0
    return g.input({ name, dataType: DataType.FLOAT, shape: batch ? ['batch', ...shape.slice(1)] : shape })
  })
  const y = rule.build(g, inputs)
  g.output(y)
  return { g, y }
}

function backwardGraph(rule: RuleCase, names: readonly string[]): Graph {
  const { g, y } = forwardGraph(rule, names)
  const { nodes } = g.graph()
  const dy = g.input({ name: 'dy', dataType: DataType.FLOAT, shape: y.shape })
  const found = gradients(g, { nodes, seeds: [{ value: y.name, gradient: dy }], wanted: names })
  const outputs = names.map((name) => {
    const gradient = found.get(name)
    if (gradient === undefined) throw new Error(`no gradient reaches ${name}`)
    return g.op('Identity', [gradient], { outputs: [`gradient.${name}`] })
  })
  const graph = g.graph()
  return { ...graph, outputs: outputs.map(({ name, dataType, shape }) => ({ name, dataType, shape })) }
}

/** The output's shape with every length known. */
function outputShape(rule: RuleCase, names: readonly string[]): number[] {
  return forwardGraph(rule, names, false).y.shape.map(Number)
}

function model(graph: Graph): Model {
  return {
    irVersion: IR_VERSION,
    opsets: { '': OPSET },
    producerName: '',
    producerVersion: '',
    domain: '',
    modelVersion: 1,
    docString: '',
    graph,
    metadata: {},
  }
}

function draw({ shape, domain = 'normal' }: DifferentiableInput, random: Random): Float32Array {
  const count = shape.reduce((product, length) => product * length, 1)
  if (domain === 'normal') return random.normals(count)
  if (domain === 'positive') return Float32Array.from({ length: count }, () => 0.5 + random.uniform())
  const steps = Array.from({ length: count }, (_, index) => 0.5 * (index - Math.floor(count / 2)) + 0.25)
  for (let last = count - 1; last > 0; last--) {
    const other = random.integer(0, last)
    ;[steps[last], steps[other]] = [steps[other] as number, steps[last] as number]
  }
  return Float32Array.from(steps)
}

/** ‖found - expected‖ / ‖expected‖, or / √n where the gradient is nearly 0 everywhere. */
function relative(found: readonly number[], expected: readonly number[]): number {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY
  const difference = Math.hypot(...expected.map((value, index) => value - (found[index] as number)))
  return difference / Math.max(Math.hypot(...expected), 0.1 * Math.sqrt(expected.length))
}
