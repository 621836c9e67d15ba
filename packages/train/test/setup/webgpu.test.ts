/**
 * WebGPU on SwiftShader, the rasteriser that Debian's Chromium brings. The set-up fetches 54 MB, so it runs in CI, or where SETUP_TENSORFLOW
 * says so. SETUP_WHEELS may name a folder that has the files already.
 */
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EngineName } from '../../src/engine/names.js'

const { CI, SETUP_TENSORFLOW, SETUP_WHEELS } = process.env
const CHROMIUM = '/usr/lib/chromium'
const DRIVER = join(CHROMIUM, 'vk_swiftshader_icd.json')
const isWanted = Boolean(CI || SETUP_TENSORFLOW) && existsSync(DRIVER)

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

describe.runIf(isWanted)('tfjs-webgpu on SwiftShader (with Chromium, in CI or with SETUP_TENSORFLOW)', () => {
  let cache: string

  const run = (script: string, args: readonly string[]) =>
    execa(process.execPath, [path(script), ...args], {
      reject: false,
      env: { XDG_CACHE_HOME: cache, VK_ICD_FILENAMES: DRIVER, LD_LIBRARY_PATH: CHROMIUM },
    })

  beforeAll(async () => {
    cache = await mkdtemp(join(tmpdir(), 'a webgpu cache '))
    const from = SETUP_WHEELS ? ['--wheel', SETUP_WHEELS] : []
    const { exitCode, stderr } = await run('../../bin/mnist-train.js', ['setup', 'webgpu', ...from])
    expect([exitCode, stderr]).toEqual([0, ''])
  }, 120_000)

  afterAll(() => rm(cache, { recursive: true }))

  test('takes three steps of LeNet-5 as onnx does, to 10⁻³', async () => {
    const losses = async (engine: EngineName): Promise<number[]> => {
      const request = { engine, network: 'lenet5', batchSize: 4, threads: 1, steps: 3, seconds: 0 }
      const { stdout } = await run('../../dist/doctor/measure-process.js', [JSON.stringify(request)])
      return JSON.parse(stdout.trim().split('\n').at(-1) ?? '').losses
    }
    const expected = await losses('onnx')
    const found = await losses('tfjs-webgpu')
    expect(found).toHaveLength(3)
    for (const [step, loss] of found.entries()) expect(Math.abs(loss - (expected[step] as number))).toBeLessThan(1e-3)
  })

  test('is passed over by auto, being software', async () => {
    const request = { engine: 'auto', network: 'lenet5-02', batchSize: 4, threads: 1, steps: 1, seconds: 0 }
    const { stdout } = await run('../../dist/doctor/measure-process.js', [JSON.stringify(request)])
    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '').description).toBe('onnx (ONNX Runtime, CPU, 1 thread)')
  })
})
