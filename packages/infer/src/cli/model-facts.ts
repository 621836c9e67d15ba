/** What commands say about a model and about what runs it. */
import type { ModelFacts } from '../classify.js'
import { valueText } from '../model/contract.js'
import type { ProviderReport } from '../runtime/index.js'

/** For `--json`. */
export function modelJson({ path, bytes, metadata, provider }: ModelFacts) {
  return { model: { path, bytes, metadata }, provider }
}

/** `cpu (the fastest that can be had here; cuda passed over: …)` */
export function providerText({ name, reason, passedOver }: ProviderReport): string {
  const others = passedOver.map((other) => `; ${other.provider} passed over: ${other.reason}`)
  return `${name} (${reason}${others.join('')})`
}

/** A line for `--verbose`. */
export function runsLine({ path, bytes, provider }: ModelFacts): string {
  return `${path} (${bytes.toLocaleString('en-US')} bytes) on ${providerText(provider)}`
}

/** Name and value, a pair a line. */
export function factRows(facts: ModelFacts): [string, string][] {
  const { path, bytes, inputs, outputs, opsets, irVersion, parameters, metadata, provider, batch } = facts
  return [
    ['file', path],
    ['size', `${bytes.toLocaleString('en-US')} bytes, ${parameters.toLocaleString('en-US')} numbers in constants`],
    [
      'format',
      `IR ${irVersion}, ${Object.entries(opsets)
        .map(([domain, version]) => `${domain || 'ai.onnx'} ${version}`)
        .join(', ')}`,
    ],
    ...inputs.map((input): [string, string] => ['input', valueText(input)]),
    ...outputs.map((output): [string, string] => ['output', valueText(output)]),
    ['batch', batch === undefined ? 'any' : String(batch)],
    ['provider', providerText(provider)],
    ...Object.entries(metadata),
  ]
}
