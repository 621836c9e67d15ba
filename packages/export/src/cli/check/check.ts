/** `--check`: whether the file computes what tfjs computes, and where not, which layer or pass is the first that doesn't. */
import type { LayersModelArtifacts } from '../../convert/artifacts.js'
import { type ConvertOptions, convertLayersModel } from '../../convert/convert.js'
import type { Model } from '../../onnx/model.js'
import { optimizeModel, PASSES } from '../../passes/optimize.js'
import { type Output, relativeError, runOnnx, runTfjs } from './compare.js'
import { type Input, randomInputs } from './random-inputs.js'
import { loadTfModel, type Runtimes, type TfLayersModel } from './runtimes.js'

/** Sums of float32 in another order differ by less, whatever the network; a wrong layer by far more. */
const LARGEST_ERROR = 1e-4

export interface CheckResult {
  readonly passed: boolean
  /** The largest relative error of each output; null where it is infinite. */
  readonly errors: Readonly<Record<string, number | null>>
  /** The first layer that differs, in the model's order; absent where none does by itself. */
  readonly layer?: string
  /** The pass without which the result is right. */
  readonly pass?: string
  /** In one line. */
  readonly verdict: string
}

/** Runs the file, converted with `handlers`, against tfjs on random input. @throws UserError where tfjs cannot load the model. */
export async function checkExport(
  artifacts: LayersModelArtifacts,
  exported: { readonly bytes: Uint8Array; readonly model: Model; readonly handlers?: ConvertOptions['handlers'] },
  runtimes: Runtimes,
): Promise<CheckResult> {
  const model = await loadTfModel(artifacts, runtimes)
  const inputs = randomInputs(model)
  const expected = await runTfjs(model, inputs, runtimes)
  const found = await runOnnx(exported, inputs, runtimes)
  // An output more than tfjs has (probabilities) is a function of the others.
  const errors = expected.map((output, index): [string, number] => {
    const other = found[index]
    const name = exported.model.graph.outputs[index]?.name ?? `output ${index}`
    return [name, other === undefined ? Number.POSITIVE_INFINITY : relativeError(output, other)]
  })
  const largest = Math.max(...errors.map(([, error]) => error))
  const worst = errors.find(([, error]) => error === largest)?.[0]
  const result = { errors: Object.fromEntries(errors.map(([name, error]) => [name, finite(error)])) }
  const figure = `largest relative error ${largest.toExponential(1)} (output ${worst}), on random input`
  if (largest <= LARGEST_ERROR) return { ...result, passed: true, verdict: `agrees with TensorFlow.js: ${figure}` }

  const differs = `differs from TensorFlow.js: ${figure}`
  const options = exported.handlers === undefined ? {} : { handlers: exported.handlers }
  const layer = await firstWrongLayer(model, { inputs, options }, runtimes)
  if (layer !== undefined) return { ...result, passed: false, layer, verdict: `${differs}; first at layer ${layer}` }
  const pass = await guiltyPass(convertLayersModel(artifacts, options).model, { inputs, expected }, runtimes)
  if (pass === undefined) return { ...result, passed: false, verdict: `${differs}; every layer by itself agrees` }
  return { ...result, passed: false, pass, verdict: `${differs}; it agrees with --no-pass ${pass}` }
}

/** Converts the model with each layer's output as an output of its own, unoptimized. */
async function firstWrongLayer(
  model: TfLayersModel,
  { inputs, options }: { inputs: readonly Input[]; options: ConvertOptions },
  runtimes: Runtimes,
): Promise<string | undefined> {
  const layers = model.layers
    .filter((layer) => layer.getClassName() !== 'InputLayer')
    .flatMap((layer) => (layer.inboundNodes[0]?.outputTensors ?? []).map((tensor) => ({ name: layer.name, tensor })))
  const whole = runtimes.layers.model({ inputs: model.inputs, outputs: layers.map(({ tensor }) => tensor) })
  let artifacts: LayersModelArtifacts = {}
  await whole.save({
    save: async (saved: LayersModelArtifacts) => {
      artifacts = saved
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } }
    },
  })
  const expected = await runTfjs(whole, inputs, runtimes)
  const found = await runOnnx(convertLayersModel(artifacts, options), inputs, runtimes)
  return layers.find((_, index) => {
    const [a, b] = [expected[index], found[index]]
    return a === undefined || b === undefined || !(relativeError(a, b) <= LARGEST_ERROR)
  })?.name
}

/** The pass without which the others agree, where all together do not. */
async function guiltyPass(
  model: Model,
  { inputs, expected }: { inputs: readonly Input[]; expected: readonly Output[] },
  runtimes: Runtimes,
): Promise<string | undefined> {
  const agrees = async (without: readonly string[]): Promise<boolean> => {
    const found = await runOnnx(optimizeModel(model, { without }), inputs, runtimes)
    return expected.every((output, index) => relativeError(output, found[index] as Output) <= LARGEST_ERROR)
  }
  if (await agrees([])) return undefined
  for (const { name } of PASSES) if (await agrees([name])) return name
  return undefined
}

/** JSON has no infinity. */
function finite(error: number): number | null {
  return Number.isFinite(error) ? error : null
}
