import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { UserError } from 'mnist-export'
import { describe, expect, test } from 'vitest'
import { decodeSafeTensors, encodeSafeTensors, type SafeTensors } from '../../src/run/safetensors.js'

const example: SafeTensors = {
  tensors: new Map([
    ['conv1.weight', { shape: [2, 1, 1, 3], values: Float32Array.of(1, -2.5, 3e-20, Number.NaN, -0, 7) }],
    ['scalar', { shape: [], values: Float32Array.of(0.1) }],
  ]),
  metadata: { progress: '{"epoch":3}' },
}

/** NaN is equal to itself and -0 is not 0: what must survive is the bits. */
const bits = ({ tensors, metadata }: SafeTensors) => ({
  metadata,
  tensors: [...tensors].map(([name, { shape, values }]) => [name, shape, [...new Uint32Array(values.slice().buffer)]]),
})

describe('safetensors', () => {
  test('what is written is read back bit for bit', () => {
    const bytes = encodeSafeTensors(example)
    expect(bits(decodeSafeTensors(bytes, 'file'))).toEqual(bits(example))
    expect(bits(decodeSafeTensors(Buffer.from(bytes), 'file as Node reads it'))).toEqual(bits(example))
  })

  test('bytes that are no such file give one clear error, whatever they are', () => {
    const whole = encodeSafeTensors(example)
    const broken = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.integer({ min: 0, max: whole.length - 1 }).map((length) => whole.slice(0, length)),
    )
    fc.assert(
      fc.property(broken, (bytes) => {
        expect(() => decodeSafeTensors(bytes, 'state.safetensors')).toThrow(UserError)
      }),
    )
  })

  const python = process.env.ORACLE_PYTHON
  test.runIf(python)('the reference implementation reads ours, and we read its own (needs ORACLE_PYTHON)', () => {
    const folder = mkdtempSync(join(tmpdir(), 'safetensors-'))
    const ours = join(folder, 'ours.safetensors')
    const theirs = join(folder, 'theirs.safetensors')
    writeFileSync(ours, encodeSafeTensors(example))
    const script = `
import sys
from safetensors import safe_open
from safetensors.numpy import save_file
with safe_open(sys.argv[1], framework='np') as file:
    tensors = {name: file.get_tensor(name) for name in file.keys()}
    save_file(tensors, sys.argv[2], metadata=file.metadata())`
    execFileSync(python as string, ['-c', script, ours, theirs])
    const read = bits(decodeSafeTensors(readFileSync(theirs), 'theirs'))
    const sorted = (value: typeof read) => ({ ...value, tensors: [...value.tensors].sort() })
    expect(sorted(read)).toEqual(sorted(bits(example)))
  })
})
