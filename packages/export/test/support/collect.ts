/** Keeps the models of a test file, so that one Python process can check them all with the onnx package's own checker. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'

export const python = process.env.ORACLE_PYTHON

let folder: string | undefined
let count = 0

/** Keeps `bytes` where there is a Python to check them. */
export function collect(name: string, bytes: Uint8Array): void {
  if (python === undefined) return
  folder ??= mkdtempSync(join(tmpdir(), 'converted-'))
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${count++}-${name.replaceAll(/\W/g, '_')}.onnx`), bytes)
}

/** Runs the checker (full check, strict shape inference) over what was kept, and removes it. Each refusal is a line. */
export async function checkCollected(): Promise<{ readonly checked: number; readonly refused: readonly string[] }> {
  if (folder === undefined || python === undefined) return { checked: 0, refused: [] }
  try {
    const script = fileURLToPath(new URL('check_folder.py', import.meta.url))
    const { stdout } = await execa(python, [script, folder])
    return JSON.parse(stdout) as { checked: number; refused: string[] }
  } finally {
    rmSync(folder, { recursive: true, force: true })
    folder = undefined
  }
}
