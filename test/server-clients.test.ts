import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { encodePng } from 'mnist-infer/image'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ROOT } from './support/commands.js'
import { digitRows, direct, inferBody, startServer, strokeOn, type TestServer } from './support/digit-server.js'

let one: TestServer
let folder: string
const values = digitRows(3, 8)
beforeAll(async () => {
  one = await startServer()
  folder = await mkdtemp(join(tmpdir(), 'clients of a server '))
  await writeFile(join(folder, 'image.bin'), values)
  await writeFile(join(folder, 'request.json'), inferBody(values, { id: 'by curl' }))
  await writeFile(join(folder, 'digit.png'), await encodePng({ width: 64, height: 64, pixels: strokeOn(64) }))
}, 60_000)
afterAll(async () => {
  await one[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

describe('clients that others wrote, unchanged', () => {
  test.runIf(process.env.ORACLE_PYTHON)(
    'tritonclient[http] (needs ORACLE_PYTHON): health, metadata, JSON, binary, errors',
    async () => {
      const script = join(ROOT, 'test/oracle/triton_client.py')
      const { stdout } = await execa(process.env.ORACLE_PYTHON as string, [script, new URL(one.url).host, folder])
      const found = JSON.parse(stdout) as Record<string, unknown> &
        Record<'json' | 'binary' | 'all_outputs', { logits: number[][] }>
      const { logits, probabilities } = await direct(values)
      expect(found).toMatchObject({
        live: true,
        ready: true,
        model_ready: true,
        other_ready: false,
        server: { name: 'mnist-infer' },
        metadata: {
          name: 'lenet5',
          versions: ['1'],
          inputs: [{ name: 'image', datatype: 'FP32', shape: [-1, 1, 28, 28] }],
        },
        config: {
          name: 'lenet5',
          max_batch_size: 64,
          input: [{ name: 'image', data_type: 'TYPE_FP32', dims: [1, 28, 28] }],
        },
        index: [{ name: 'lenet5', version: '1', state: 'READY' }],
        no_such_model: 'model "other": expected one that is served, found none',
        unload: 'unload: expected none, for the models folder is what is served: change the folder instead',
      })
      for (const way of ['json', 'binary', 'all_outputs'] as const) {
        expect(found[way]).toMatchObject({ id: 'id 1', model: 'lenet5', version: '1' })
        expect(Float32Array.from(found[way].logits.flat())).toEqual(logits)
      }
      expect(
        Float32Array.from((found.binary as unknown as { probabilities: number[][] }).probabilities.flat()),
      ).toEqual(probabilities)
      expect(Float32Array.from((found.async as number[][]).flat())).toEqual(logits)
    },
  )

  test.runIf(process.env.CLIENTS_PYTHON)(
    'KServe’s REST client (needs CLIENTS_PYTHON): health, JSON, binary',
    async () => {
      const script = join(ROOT, 'test/oracle/kserve_client.py')
      const { stdout } = await execa(process.env.CLIENTS_PYTHON as string, [script, one.url, folder])
      const { logits } = await direct(values)
      const found = JSON.parse(stdout) as Record<'json' | 'binary', { logits: number[][] }>
      expect(found).toMatchObject({ live: true, ready: true, model_ready: true })
      for (const way of ['json', 'binary'] as const) {
        expect(found[way]).toMatchObject({ id: 'id 1', model: 'lenet5' })
        expect(Float32Array.from(found[way].logits.flat())).toEqual(logits)
      }
    },
  )

  test.runIf(process.env.CLIENTS_PYTHON)(
    'schemathesis (needs CLIENTS_PYTHON): every route of /openapi.json answers what it says there, whatever it is asked',
    async () => {
      const schemathesis = join(dirname(process.env.CLIENTS_PYTHON as string), 'schemathesis')
      const checks = [
        'not_a_server_error',
        'status_code_conformance',
        'content_type_conformance',
        'response_schema_conformance',
      ]
      const args = ['run', `${one.url}/openapi.json`, '--phases', 'coverage,fuzzing', '--checks', checks.join(',')]
      const limits = ['--max-examples', '5', '--max-time', '12', '--seed', '1', '--suppress-health-check', 'all']
      const { stdout, exitCode } = await execa(schemathesis, [...args, ...limits, '--no-color'], {
        cwd: folder,
        reject: false,
      })
      expect({ exitCode, stdout }).toMatchObject({ exitCode: 0 })
      expect(stdout).toMatch(/\d{2,} generated, \d{2,} passed/)
    },
    60_000,
  )

  test('curl: JSON, a picture as the body, a picture in a form', async () => {
    const curl = async (...args: string[]) =>
      JSON.parse((await execa('curl', ['--silent', '--fail-with-body', ...args])).stdout) as object
    const infer = `${one.url}/v2/models/lenet5/infer`
    const picture = join(folder, 'digit.png')
    expect(await curl('-d', `@${join(folder, 'request.json')}`, infer)).toMatchObject({
      id: 'by curl',
      model_name: 'lenet5',
    })
    const raw = await curl('--data-binary', `@${picture}`, `${one.url}/classify`)
    expect(raw).toMatchObject({ digit: expect.any(Number), polarity: 'dark-on-light' })
    expect(await curl('-F', `picture=@"${picture}"`, `${one.url}/classify`)).toEqual({
      model: 'lenet5',
      version: '1',
      answers: [expect.objectContaining({ digit: (raw as { digit: number }).digit })],
    })
  })
})
