/** A graph of composite operators, lowered, against its portable form: both run by onnxruntime on the same numbers. */
import { IR_VERSION, OPSET } from '../../src/constants.js'
import { COMPOSITE_RULES } from '../../src/gradient/composite.js'
import { portable } from '../../src/gradient/portable/index.js'
import { GraphBuilder, type Value } from '../../src/graph/builder.js'
import { lowerTrainingStep } from '../../src/lowering/index.js'
import { DataType, type Model, type Node } from '../../src/onnx/model.js'
import type { Random } from '../gradient/support/random.js'
import { floats, run } from '../gradient/support/session.js'

export interface LoweringCase {
  /** Shapes of the inputs; `batch` is the dynamic one. */
  readonly inputs: readonly (readonly (number | 'batch')[])[]
  readonly batch: number
  /** What is lowered: returns the outputs. */
  readonly build: (g: GraphBuilder, inputs: readonly Value[]) => readonly Value[]
  /** How the inputs' numbers are drawn; by default standard normal. */
  readonly draw?: (random: Random) => number
}

export interface LoweringComparison {
  /** The largest ‖lowered - portable‖ / ‖portable‖ of the outputs. */
  readonly error: number
  readonly nodes: readonly Node[]
}

export async function compareLowered(rule: LoweringCase, random: Random): Promise<LoweringComparison> {
  const composite = modelOf(rule)
  const lowered = lowerTrainingStep(composite, { batch: rule.batch })
  const reference = { ...composite, graph: portable(composite.graph) }
  const feeds = Object.fromEntries(
    rule.inputs.map((shape, index) => {
      const dims = shape.map((dim) => (dim === 'batch' ? rule.batch : dim))
      const count = dims.reduce((product, dim) => product * dim, 1)
      const values = Array.from({ length: count }, () => rule.draw?.(random) ?? random.normal())
      return [`x${index}`, floats(dims, values)]
    }),
  )
  const [found, expected] = [await run(lowered, feeds), await run(reference, feeds)]
  let error = 0
  for (const { name } of composite.graph.outputs) error = Math.max(error, relative(found[name], expected[name]))
  return { error, nodes: lowered.graph.nodes }
}

function modelOf({ inputs, build }: LoweringCase): Model {
  const g = new GraphBuilder('case', { rules: COMPOSITE_RULES })
  const values = inputs.map((shape, index) => g.input({ name: `x${index}`, dataType: DataType.FLOAT, shape }))
  for (const [index, value] of build(g, values).entries()) {
    g.output(g.op('Identity', [value], { outputs: [`y${index}`] }))
  }
  return {
    irVersion: IR_VERSION,
    opsets: { '': OPSET },
    producerName: '',
    producerVersion: '',
    domain: '',
    modelVersion: 1,
    docString: '',
    graph: g.graph(),
    metadata: {},
  }
}

function relative(found: readonly number[] = [], expected: readonly number[] = []): number {
  if (found.length !== expected.length || expected.length === 0) return Number.POSITIVE_INFINITY
  let squares = 0
  let difference = 0
  for (const [index, value] of expected.entries()) {
    squares += value ** 2
    difference += (value - (found[index] as number)) ** 2
  }
  return Math.sqrt(difference / (squares || 1))
}
