/** `mnist-export training <model> -o FILE`: the training-step graph of a model, from an .onnx file or a LayersModel. */
import { OPSET } from '../constants.js'
import { UserError } from '../errors.js'
import { optimizedModel } from '../export.js'
import { trainingStep } from '../gradient/index.js'
import type { LossName } from '../gradient/loss.js'
import type { OptimizerName } from '../gradient/optimizer.js'
import { countText } from '../inspect/table.js'
import { typeText } from '../inspect/types.js'
import { constantsAsInitializers } from '../onnx/constant-nodes.js'
import { DataType, type Model } from '../onnx/model.js'
import { readHandlers } from './handlers-file.js'
import { checkOutput, readModelFile, writeModelFile } from './model-file.js'
import { isLayersModel, readSource } from './source.js'

export interface TrainingArguments {
  readonly model: string
  readonly output: string
  /** Patterns of weights' names, `*` for anything; none: every weight. */
  readonly trainable: readonly string[]
  readonly loss: LossName
  readonly optimizer: OptimizerName
  readonly logits: string | undefined
  /** Path of a module with handlers of the user's own layers. */
  readonly handlers: string | undefined
  readonly json: boolean
}

export async function trainingCommand(args: TrainingArguments): Promise<void> {
  const { model, files } = await readForTraining(args)
  await checkOutput(args.output, files)
  const { graph, names: constants } = constantsAsInitializers(model.graph)
  const patterns = args.trainable.map(patternOf)
  const unmatched = args.trainable.find((_, index) =>
    graph.initializers.every(({ name }) => patterns[index]?.test(name) !== true),
  )
  if (unmatched !== undefined) {
    const weights = graph.initializers.filter(({ dataType, dims }) => dataType === DataType.FLOAT && dims.length > 0)
    const found = weights.map(({ name }) => name).filter((name) => !constants.has(name))
    const some = `${found.slice(0, 8).join(', ')}${found.length > 8 ? ', …' : ''}`
    throw new UserError(
      'USAGE',
      `--trainable ${unmatched}: expected a name or pattern among ${some}, found no such weight`,
    )
  }
  const step = trainingStep(
    { ...model, graph },
    {
      loss: args.loss,
      optimizer: args.optimizer,
      ...(args.logits === undefined ? {} : { logits: args.logits }),
      trainable: (name) => !constants.has(name) && (patterns.length === 0 || patterns.some((each) => each.test(name))),
    },
  )
  report(args, step, await writeModelFile(args.output, step))
}

function report({ output, json }: TrainingArguments, { graph }: Model, bytes: number): void {
  if (json) {
    const types = (infos: Model['graph']['inputs']) =>
      Object.fromEntries(infos.map((info) => [info.name, typeText(info)]))
    const outcome = { inputs: types(graph.inputs), outputs: types(graph.outputs) }
    process.stdout.write(`${JSON.stringify({ file: output, bytes, nodes: graph.nodes.length, ...outcome })}\n`)
    return
  }
  const lines = [
    `file        ${output}, ${countText(bytes)} bytes, ${countText(graph.nodes.length)} nodes`,
    ...graph.inputs.map((info) => `input       ${info.name} ${typeText(info)}`),
    ...graph.outputs.map((info) => `output      ${info.name} ${typeText(info)}`),
  ]
  process.stdout.write(lines.map((line) => `${line}\n`).join(''))
}

/** Since then axes are inputs and Softmax has one axis, as in the opset that the step is written in. */
const OLDEST_OPSET = 13

/** An .onnx file, or anything that holds a LayersModel: a folder, or JSON. */
async function readForTraining({
  model: path,
  handlers,
}: TrainingArguments): Promise<{ model: Model; files: readonly string[] }> {
  if (!(await isLayersModel(path))) {
    const model = await readModelFile(path)
    const opset = model.opsets[''] ?? 0
    if (opset < OLDEST_OPSET || opset > OPSET) {
      const remedy = "convert it with Python's onnx.version_converter"
      throw new UserError(
        'UNSUPPORTED',
        `${path}: expected opset ${OLDEST_OPSET} to ${OPSET}, found ${opset}; ${remedy}`,
      )
    }
    return { model, files: [path] }
  }
  const { artifacts, options, files } = await readSource(path)
  const { probabilities: _, ...trained } = options
  const own = await readHandlers(handlers)
  return { model: optimizedModel(artifacts, { ...trained, handlers: own.handlers, training: true }).model, files }
}

/** A whole name in which each `*` stands for any characters. */
function patternOf(pattern: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.+?()[\]{}|]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`, 's')
}
