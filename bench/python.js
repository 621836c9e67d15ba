// A Python with PyTorch for the benchmarks: ORACLE_PYTHON, or a virtual environment that is made once in .venv.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'

/** Path of the interpreter. The first time this installs test/oracle/requirements.txt, a few hundred megabytes. */
export async function benchPython() {
  if (process.env.ORACLE_PYTHON) return process.env.ORACLE_PYTHON
  const python = join('.venv', process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python')
  if (!existsSync(python)) {
    console.error('bench: installing PyTorch into .venv, once')
    await execa('python3', ['-m', 'venv', '.venv'], { stdio: ['ignore', 'ignore', 'inherit'] })
  }
  await execa(python, ['-m', 'pip', 'install', '--quiet', '--requirement', 'test/oracle/requirements.txt'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return python
}
