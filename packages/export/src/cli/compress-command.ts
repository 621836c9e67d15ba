/** `mnist-export <model.onnx> -o FILE --precision P`: a file that is ONNX already, in fewer bytes. */
import { UserError } from '../errors.js'
import { constantsAsInitializers } from '../onnx/constant-nodes.js'
import { checkCompression, compressed, compressionRows } from './compress/compression.js'
import type { ExportArguments } from './export-command.js'
import { checkOutput, readModelFile, writeModelFile } from './model-file.js'

/** Options that only a conversion has. */
const CONVERSION = ['nchw', 'training', 'check', 'name', 'handlers'] as const

export async function compressCommand(args: ExportArguments): Promise<void> {
  const { source, output, precision, json } = args
  const strange = CONVERSION.find((name) => args[name] !== undefined && args[name] !== false)
  if (strange !== undefined || args.without.length > 0) {
    const found = strange === undefined ? 'no-pass' : strange
    throw new UserError(
      'USAGE',
      `--${found}: expected a LayersModel to convert, found ${source}, which is ONNX already`,
    )
  }
  if (precision === 'fp32') {
    throw new UserError('USAGE', `${source}: expected a --precision to compress an .onnx file to, found fp32`)
  }
  checkCompression(args)
  const model = await readModelFile(source)
  await checkOutput(output, [source])
  const { graph } = constantsAsInitializers(model.graph)
  const result = await compressed({ ...model, graph }, args)
  const bytes = await writeModelFile(output, result.model)
  if (json) {
    const outcome = { source, file: output, bytes, nodes: result.model.graph.nodes.length }
    process.stdout.write(`${JSON.stringify({ ...outcome, compression: result.outcome })}\n`)
    return
  }
  const rows: [string, string][] = [['source', source], ['file', output], ...compressionRows(result.outcome, bytes)]
  process.stdout.write(rows.map(([name, value]) => `${name.padEnd(10)}  ${value}\n`).join(''))
}
