/** `mnist-export <source> -o FILE`: converts, optimizes, writes, and says what it did. */
import { readFile } from 'node:fs/promises'
import { readTopology } from '../convert/topology.js'
import { UserError } from '../errors.js'
import { type ExportedModel, type ExportOptions, optimizedModel } from '../export.js'
import { trainingStep } from '../gradient/index.js'
import { modelSummary } from '../inspect/index.js'
import { countText } from '../inspect/table.js'
import { typeText } from '../inspect/types.js'
import { decodeModel } from '../onnx/decode.js'
import type { Model } from '../onnx/model.js'
import { PASSES } from '../passes/optimize.js'
import type { CheckResult } from './check/check.js'
import {
  type CompressionArguments,
  type CompressionOutcome,
  checkCompression,
  compressed,
  compressionRows,
} from './compress/compression.js'
import { type HandlersFile, readHandlers } from './handlers-file.js'
import { checkOutput, writeModelFile } from './model-file.js'
import { readSource, type Source } from './source.js'

export interface ExportArguments extends CompressionArguments {
  readonly source: string
  readonly output: string
  readonly nchw: boolean
  readonly name: string | undefined
  /** Passes to leave out. */
  readonly without: readonly string[]
  readonly training: boolean
  readonly check: boolean
  /** Path of a module with handlers of the user's own layers. */
  readonly handlers: string | undefined
  readonly json: boolean
}

/** What `--json` prints. */
export interface ExportOutcome {
  readonly source: string
  readonly file: string
  readonly bytes: number
  readonly name: string
  readonly layers: number
  readonly parameters: number
  readonly nodes: number
  /** For a batch of one; of the nodes whose sizes are known. */
  readonly flops: number
  /** How many nodes that leaves out: a model that takes pictures of any size has a cost for each size. */
  readonly uncounted: number
  readonly inputs: Readonly<Record<string, string>>
  readonly outputs: Readonly<Record<string, string>>
  /** How many nodes each pass rewrote; a pass that was left out is not named. */
  readonly passes: Readonly<Record<string, number>>
  readonly warnings: readonly string[]
  readonly training?: { readonly file: string; readonly bytes: number; readonly nodes: number }
  readonly check?: CheckResult
  readonly compression?: CompressionOutcome
}

export async function exportCommand(args: ExportArguments): Promise<void> {
  const { output, precision } = args
  checkCompression(args)
  if (args.check && precision !== 'fp32') {
    const remedy = 'check the fp32 file, then compress it'
    throw new UserError('USAGE', `--check: expected --precision fp32 with it, found ${precision}; ${remedy}`)
  }
  const unknown = args.without.find((name) => PASSES.every((pass) => pass.name !== name))
  if (unknown !== undefined) {
    const names = PASSES.map(({ name }) => name).join(', ')
    throw new UserError('USAGE', `--no-pass ${unknown}: expected one of ${names}`)
  }
  const own = await readHandlers(args.handlers)
  const check = args.check ? await loadCheck(own) : undefined
  const source = await readSource(args.source)
  await checkOutput(output, source.files)
  const trainingFile = args.training ? trainingName(output) : undefined
  if (trainingFile !== undefined) await checkOutput(trainingFile, source.files)

  const options = { ...exportOptions(args, source), handlers: own.handlers }
  const exported = optimizedModel(source.artifacts, options)
  const compression = precision === 'fp32' ? undefined : await compressed(exported.model, args)
  // Made before anything is written: where it cannot be, neither file is.
  const step = trainingFile === undefined ? undefined : stepOf(source, options)
  const size = await writeModelFile(output, compression?.model ?? exported.model)
  const outcome: ExportOutcome = {
    ...outcomeOf(exported, { source, output, size }),
    ...(trainingFile === undefined || step === undefined
      ? {}
      : {
          training: {
            file: trainingFile,
            bytes: await writeModelFile(trainingFile, step),
            nodes: step.graph.nodes.length,
          },
        }),
    ...(check === undefined ? {} : { check: await check(source.artifacts, await writtenModel(output)) }),
    ...(compression === undefined ? {} : { compression: compression.outcome }),
  }
  for (const warning of outcome.warnings) process.stderr.write(`mnist-export: warning: ${warning}\n`)
  process.stdout.write(args.json ? `${JSON.stringify(outcome)}\n` : outcomeText(outcome))
  if (outcome.check?.passed === false) throw new UserError('THRESHOLD', `--check: ${outcome.check.verdict}`)
}

/** Before anything is converted: what is missing is said at once. */
async function loadCheck({ handlers, register }: HandlersFile) {
  const [{ checkExport }, { loadRuntimes }] = await Promise.all([
    import('./check/check.js'),
    import('./check/runtimes.js'),
  ])
  const runtimes = loadRuntimes()
  register?.({ ...runtimes.core, ...runtimes.layers })
  return (artifacts: Source['artifacts'], exported: { bytes: Uint8Array; model: Model }) =>
    checkExport(artifacts, { ...exported, handlers }, runtimes)
}

function exportOptions({ nchw, name, without }: ExportArguments, { options }: Source): ExportOptions {
  return {
    ...options,
    nchw: options.nchw ?? nchw,
    ...(name === undefined ? {} : { name }),
    without,
  }
}

function stepOf({ artifacts }: Source, options: ExportOptions): Model {
  const { probabilities: _, ...trained } = options
  return trainingStep(optimizedModel(artifacts, { ...trained, training: true }).model)
}

/** What is checked is the file. */
async function writtenModel(file: string): Promise<{ bytes: Uint8Array; model: Model }> {
  const bytes = await readFile(file)
  return { bytes, model: decodeModel(bytes, file) }
}

/** `lenet5.onnx` → `lenet5.train.onnx` */
export function trainingName(output: string): string {
  return `${output.replace(/\.onnx$/i, '')}.train.onnx`
}

function outcomeOf(
  { model, warnings, reports }: Omit<ExportedModel, 'bytes'>,
  { source, output, size }: { source: Source; output: string; size: number },
): ExportOutcome {
  const { totals } = modelSummary(model)
  const layers = [...readTopology(source.artifacts.modelTopology).layers.values()]
  return {
    source: source.file,
    file: output,
    bytes: size,
    name: model.graph.name,
    layers: layers.filter(({ className }) => className !== 'InputLayer').length,
    parameters: totals.parameters,
    nodes: totals.nodes,
    flops: totals.flops,
    uncounted: totals.uncounted,
    inputs: Object.fromEntries(model.graph.inputs.map((info) => [info.name, typeText(info)])),
    outputs: Object.fromEntries(model.graph.outputs.map((info) => [info.name, typeText(info)])),
    passes: Object.fromEntries(reports.map(({ pass, rewritten }) => [pass, rewritten.length])),
    warnings,
  }
}

function flopsText({ flops, uncounted, nodes }: ExportOutcome): string {
  if (uncounted === 0) return `${countText(flops)} for a batch of one`
  const known = flops === 0 ? 'not known' : `${countText(flops)} for a batch of one and what is not known`
  return `${known}: ${countText(uncounted)} of ${countText(nodes)} nodes have no fixed size`
}

function outcomeText(outcome: ExportOutcome): string {
  const fired = Object.entries(outcome.passes).filter(([, count]) => count > 0)
  const values = (types: Readonly<Record<string, string>>): string =>
    Object.entries(types)
      .map(([name, type]) => `${name} ${type}`)
      .join(', ')
  const rows: [string, string][] = [
    ['source', outcome.source],
    ['file', `${outcome.file}, ${countText(outcome.bytes)} bytes`],
    ['layers', countText(outcome.layers)],
    ['parameters', countText(outcome.parameters)],
    ['nodes', countText(outcome.nodes)],
    ['FLOPs', flopsText(outcome)],
    ['inputs', values(outcome.inputs)],
    ['outputs', values(outcome.outputs)],
    ['passes', fired.map(([pass, count]) => `${pass} ${count}`).join(', ') || 'none fired'],
  ]
  const { training, check, compression } = outcome
  if (training !== undefined) {
    rows.push(['training', `${training.file}, ${countText(training.bytes)} bytes, ${countText(training.nodes)} nodes`])
  }
  if (check !== undefined) rows.push(['check', check.verdict])
  if (compression !== undefined) rows.push(...compressionRows(compression, outcome.bytes))
  return rows.map(([name, value]) => `${name.padEnd(10)}  ${value}\n`).join('')
}
