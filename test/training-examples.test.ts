import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { DataType, decodeModel, encodeModel, floatTensor, type Model } from 'mnist-export'
import { GraphBuilder, ops } from 'mnist-export/graph'
import { createRandom } from 'mnist-infer/mnist'
import { float32, openSession } from 'mnist-infer/runtime'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ROOT, start } from './support/commands.js'

/** What a page does, with files for fetch. */
const PAGE = `
import { readFile, writeFile } from 'node:fs/promises'
import { env } from 'onnxruntime-web/wasm'
import { train } from './examples/train-web.mjs'
// Only a page that is cross-origin isolated has more threads.
env.wasm.numThreads = 1
const files = await Promise.all(['model.onnx', 'model.train.onnx'].map((name) => readFile(name)))
const print = (step, loss) => console.log('step ' + step + '  loss ' + loss.toFixed(4))
await writeFile('trained.onnx', await train(...files, { onLoss: print }))
process.exit()
`

const EXAMPLES = join(ROOT, 'docs', 'examples')

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'training of models '))
  await writeFile(join(folder, 'model.onnx'), encodeModel(quadrants()))
  // The command that the documentation gives.
  const { stderr, exitCode } = await start('mnist-export', ['training', 'model.onnx', '-o', 'model.train.onnx'], {
    cwd: folder,
  })
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
  // As a project of a user's has them.
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction')
  await mkdir(join(folder, 'examples'))
  for (const name of ['points.mjs', 'train-node.mjs', 'train-web.mjs']) {
    await copyFile(join(EXAMPLES, name), join(folder, 'examples', name))
  }
})

afterAll(() => rm(folder, { recursive: true }))

/** x [batch, 2] → dense 16, ReLU, dense 4. */
function quadrants(): Model {
  const random = createRandom(1)
  const drawn = (name: string, dims: readonly number[]) =>
    floatTensor(
      name,
      dims,
      Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => random() - 0.5),
    )
  const g = new GraphBuilder('quadrants')
  const x = g.input({ name: 'x', dataType: DataType.FLOAT, shape: ['batch', 2] })
  const inner = g.op('Gemm', [
    x,
    g.initializer(drawn('hidden.weight', [2, 16])),
    g.initializer(drawn('hidden.bias', [16])),
  ])
  const outer = [g.initializer(drawn('out.weight', [16, 4])), g.initializer(drawn('out.bias', [4]))]
  g.output(g.op('Gemm', [ops.relu(g, inner), ...outer], { outputs: ['logits'] }))
  const versions = { irVersion: 8, opsets: { '': 17 }, producerName: 'test', producerVersion: '', modelVersion: 1 }
  return { ...versions, domain: '', docString: '', graph: g.graph(), metadata: {} }
}

/** Share of a grid of points that the model puts into the right quadrant. */
async function accuracyOf(bytes: Uint8Array): Promise<number> {
  const side = 20
  const at = (index: number): number => (index + 0.5) / (side / 2) - 1
  const points = Float32Array.from({ length: side * side * 2 }, (_, index) =>
    at(index % 2 === 0 ? (index / 2) % side : Math.floor(index / 2 / side)),
  )
  const session = await openSession(bytes, { provider: 'cpu' })
  const { logits } = await session.run({ x: float32(points, [side * side, 2]) })
  await session.close()
  const scores = logits?.data as Float32Array
  let right = 0
  for (let row = 0; row < side * side; row++) {
    const own = [...scores.subarray(row * 4, row * 4 + 4)]
    const quadrant = ((points[2 * row] as number) > 0 ? 1 : 0) + ((points[2 * row + 1] as number) > 0 ? 2 : 0)
    if (own.indexOf(Math.max(...own)) === quadrant) right++
  }
  return right / (side * side)
}

/** Losses of the printed lines `step N  loss L`. */
function losses(stdout: string): number[] {
  return stdout.split('\n').map((line) => Number(/^step \d+ {2}loss ([\d.]+)$/.exec(line)?.[1]))
}

async function expectLearned(printed: readonly number[], file: Uint8Array): Promise<void> {
  expect(printed[0]).toBeGreaterThan(1)
  expect(printed.at(-1)).toBeLessThan(0.3)
  expect(await accuracyOf(file)).toBeGreaterThan(0.93)
  // The same model, other weights.
  const [before, after] = [quadrants(), decodeModel(file)]
  expect(after.graph.nodes.map(({ opType }) => opType)).toEqual(before.graph.nodes.map(({ opType }) => opType))
}

describe('the examples of docs/training-graphs.md', () => {
  test('in Node, with onnxruntime-node', async () => {
    const { stdout } = await execa(process.execPath, [join('examples', 'train-node.mjs')], { cwd: folder })
    await expectLearned(losses(stdout), await readFile(join(folder, 'trained.onnx')))
  })

  test('on the web, with onnxruntime-web', async () => {
    // In Node, which runs the page's WebAssembly too.
    const { stdout } = await execa(process.execPath, ['--input-type=module', '--eval', PAGE], { cwd: folder })
    await expectLearned(losses(stdout), await readFile(join(folder, 'trained.onnx')))
  })

  test.runIf(process.env.ORACLE_PYTHON)('in Python, with onnxruntime (needs ORACLE_PYTHON)', async () => {
    const script = join(EXAMPLES, 'train-python.py')
    const { stdout } = await execa(process.env.ORACLE_PYTHON as string, [script], { cwd: folder })
    await expectLearned(losses(stdout), await readFile(join(folder, 'trained.onnx')))
  })

  test.each(['train-node.mjs', 'train-web.mjs', 'train-python.py'])(
    'docs/training-graphs.md shows %s as it is',
    async (name) => {
      const page = await readFile(join(ROOT, 'docs', 'training-graphs.md'), 'utf8')
      expect(page).toContain((await readFile(join(EXAMPLES, name), 'utf8')).trimEnd())
    },
  )
})
