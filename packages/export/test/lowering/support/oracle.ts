/** Scripts of test/oracle that read a folder's cases.json and write its results.json. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const SCRIPTS = new URL('../../../../../test/oracle/', import.meta.url)

export interface OracleCase {
  /** Written beside cases.json. */
  readonly files: Readonly<Record<string, Uint8Array>>
  readonly given: object
}

/** What `script` says of one case. It needs ORACLE_PYTHON. */
export async function askOracle<T>(script: string, { files, given }: OracleCase): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'oracle '))
  try {
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes)
    await writeFile(join(folder, 'cases.json'), JSON.stringify([given]))
    await promisify(execFile)(process.env.ORACLE_PYTHON as string, [fileURLToPath(new URL(script, SCRIPTS)), folder])
    return (JSON.parse(await readFile(join(folder, 'results.json'), 'utf8')) as T[])[0] as T
  } finally {
    await rm(folder, { recursive: true })
  }
}
