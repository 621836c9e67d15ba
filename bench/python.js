// A Python with PyTorch for the benchmarks: ORACLE_PYTHON, or a virtual environment that is made once in .venv.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'

/** Path of the interpreter. The first time this installs test/oracle/requirements.txt, a few hundred megabytes. */
export async function benchPython() {
  return (
    process.env.ORACLE_PYTHON || (await virtualEnvironment('.venv', ['--requirement', 'test/oracle/requirements.txt']))
  )
}

/** The same for TensorFlow, of the version that tfjs is set up with: TENSORFLOW_PYTHON, or a virtual environment in .venv/tensorflow. */
export async function tensorflowPython() {
  const wheel = 'tensorflow-cpu==2.18.1'
  return process.env.TENSORFLOW_PYTHON || (await virtualEnvironment(join('.venv', 'tensorflow'), [wheel]))
}

/** The same with KServe's server and onnxruntime: CLIENTS_PYTHON, or a virtual environment in .venv/kserve. */
export async function kservePython() {
  const requirements = ['kserve==0.21.0', 'onnxruntime==1.32.0']
  return process.env.CLIENTS_PYTHON || (await virtualEnvironment(join('.venv', 'kserve'), requirements))
}

/** The interpreter of a virtual environment with `requirements`, made once, by the Python that `base` finds. */
export async function virtualEnvironment(folder, requirements, base = async () => 'python3') {
  const python = join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python')
  const options = { stdio: ['ignore', 'ignore', 'inherit'] }
  if (!existsSync(python)) {
    console.error(`bench: installing ${requirements.at(-1)} into ${folder}, once`)
    await execa(await base(), ['-m', 'venv', folder], options)
  }
  await execa(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...requirements], options)
  return python
}
