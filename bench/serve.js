// `mnist-infer serve` under load from this machine: requests/s and latency at 64 connections, beside KServe's own Python server with the
// same model; then ten times as many, with health asked all the while, at its own port and at that of the load. The server's own CPU time
// a request is printed too: it says what the figures would be where nothing else runs.
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { execa } from 'execa'
import { encodePng } from 'mnist-infer/image'
import { generateDigits } from 'mnist-infer/mnist'
import { kservePython } from './python.js'

const path = (name) => fileURLToPath(new URL(name, import.meta.url))
const COMMAND = path('../packages/infer/bin/mnist-infer.js')

/** Clock ticks of /proc, in ms: 100 a second on every Linux. */
const TICK = 10

/** Prints the figures, and returns them. */
export async function main(args) {
  const { values } = parseArgs({
    args,
    options: {
      seconds: { type: 'string', default: '10' },
      connections: { type: 'string', default: '64' },
      models: { type: 'string', default: path('../models') },
      // Ours alone: needs no Python.
      alone: { type: 'boolean', default: false },
      // One of the two loads: what it can take, or ten times that.
      load: { type: 'string', default: 'steady,tenfold' },
    },
  })
  const wanted = values.load.split(',')
  const unknown = wanted.find((load) => load !== 'steady' && load !== 'tenfold')
  if (unknown !== undefined) throw new Error(`bench serve: --load: expected steady or tenfold, found ${unknown}`)
  const duration = Number(values.seconds)
  const connections = Number(values.connections)
  const results = []
  const server = await startOurs(values.models)
  try {
    const loads = await requests(server.url)
    if (wanted.includes('steady')) {
      for (const load of loads) results.push(await warmed(server, { ...load, connections, duration }))
      if (!values.alone) results.push(...(await beside(results, { ...values, connections, duration })))
    }
    if (!wanted.includes('tenfold')) return results
    for (const load of loads) {
      if (!wanted.includes('steady')) await warmUp({ ...load, connections })
      results.push(
        await measured(server, { ...load, name: `${load.name}, overload`, connections: 10 * connections, duration }),
      )
      results.push(await measured(server, { ...load, name: `${load.name}, after it`, connections, duration: 3 }))
    }
    return results
  } finally {
    await server.stop()
  }
}

/** The same loads on KServe's server, where it knows them: it reads no pictures. */
async function beside(ours, { models, connections, duration }) {
  const server = await startKserve(join(models, 'lenet5.onnx'))
  const results = []
  try {
    for (const load of await requests(server.url)) {
      if (!new URL(load.url).pathname.startsWith('/v2/')) continue
      const theirs = await warmed(server, { ...load, name: `${load.name}, KServe`, connections, duration })
      const { requestsPerSecond } = ours.find(({ name }) => name === load.name)
      console.log(`${load.name}: ratio ${(requestsPerSecond / theirs.requestsPerSecond).toFixed(2)}`)
      results.push(theirs)
    }
    return results
  } finally {
    await server.stop()
  }
}

async function warmed(server, load) {
  await warmUp(load)
  return measured(server, load)
}

/** Some 10,000 requests that nobody measures: every side compiles its code. */
function warmUp(load) {
  return run({ ...load, duration: 5 })
}

async function startOurs(models) {
  const command = [COMMAND, 'serve', '--models', models, '--port', '0', '--health-port', '0']
  const running = execa(process.execPath, command, { buffer: false })
  const [url, health] = await new Promise((resolve, reject) => {
    let text = ''
    running.stdout.on('data', (chunk) => {
      if (text === undefined) return
      text += chunk
      const found = [/Server listening at (http:[^"]+)"/, /Health answered at (http:[^"]+)"/].map(
        (pattern) => pattern.exec(text)?.[1],
      )
      if (found.includes(undefined)) return
      text = undefined
      resolve(found)
    })
    running.catch(reject)
  })
  return stoppable(running, url, health)
}

async function startKserve(model) {
  const port = await freePort()
  const command = [path('serve-kserve.py'), 'lenet5', model, String(port)]
  const running = execa(await kservePython(), command, { buffer: false, stdio: 'ignore' })
  const url = `http://127.0.0.1:${port}`
  const ended = running.then(
    () => new Error('KServe ended early'),
    (error) => error,
  )
  while (
    !(await fetch(`${url}/v2/models/lenet5/ready`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    const failed = await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 200))])
    if (failed !== undefined) throw failed
  }
  return stoppable(running, url)
}

function stoppable(running, url, healthUrl) {
  return {
    url,
    healthUrl,
    pid: running.pid,
    async stop() {
      running.kill('SIGTERM')
      await running.catch(() => {})
    },
  }
}

/** A port that nobody listens on just now. */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

async function requests(url) {
  const { images } = generateDigits({ count: 1, seed: 1 })
  const pixels = images.subarray(0, 784)
  const data = Array.from(pixels, (value) => value / 255)
  const body = JSON.stringify({ inputs: [{ name: 'image', datatype: 'FP32', shape: [1, 1, 28, 28], data }] })
  const binary = JSON.stringify({
    parameters: { binary_data_output: true },
    inputs: [{ name: 'image', datatype: 'FP32', shape: [1, 1, 28, 28], parameters: { binary_data_size: 3136 } }],
  })
  const infer = { url: `${url}/v2/models/lenet5/infer`, method: 'POST' }
  return [
    { name: 'infer, JSON', ...infer, body, headers: { 'content-type': 'application/json' } },
    {
      name: 'infer, binary',
      ...infer,
      body: Buffer.concat([Buffer.from(binary), Buffer.from(Float32Array.from(data).buffer)]),
      headers: { 'inference-header-content-length': String(binary.length) },
    },
    {
      name: 'picture, PNG 28×28',
      url: `${url}/classify`,
      method: 'POST',
      body: Buffer.from(await encodePng({ width: 28, height: 28, pixels })),
      headers: { 'content-type': 'image/png' },
    },
  ]
}

/** In a process of its own, so that health is asked by one that has time. */
async function run({ name: _, body, ...load }) {
  const input = JSON.stringify({ ...load, timeout: 30, body: Buffer.from(body).toString('base64') })
  return JSON.parse((await execa(process.execPath, [path('load.js')], { input })).stdout)
}

async function measured(server, load) {
  const rss = []
  let running = true
  const watching = Promise.all([
    slowestHealth(server.url),
    server.healthUrl && slowestHealth(server.healthUrl),
    everyTenth(async () => rss.push((await usage(server.pid)).memory)),
  ])
  const before = await usage(server.pid)
  const result = await run(load)
  const after = await usage(server.pid)
  running = false
  const [healthMaxBeside, healthMax = healthMaxBeside] = await watching
  const answered = result.ok + result.non2xx
  const figures = {
    name: load.name,
    connections: load.connections,
    requestsPerSecond: Math.round(result.ok / result.duration),
    p50: result.latency.p50,
    p99: result.latency.p99,
    statuses: Object.fromEntries(Object.entries(result.statuses).map(([status, { count }]) => [status, count])),
    shed: result.non2xx,
    lost: result.errors,
    cpuMsPerRequest: (after.cpu - before.cpu) / answered,
    loadMsPerRequest: result.cpu / answered,
    healthMax,
    healthMaxBeside,
    memoryMiB: Math.max(...rss),
  }
  console.log(
    `${figures.name}: ${figures.requestsPerSecond} requests/s at ${figures.connections} connections, p50 ${figures.p50} ms, ` +
      `p99 ${figures.p99} ms, ${figures.shed} shed, ${figures.lost} lost; CPU a request ${figures.cpuMsPerRequest.toFixed(2)} ms, ` +
      `of the load ${figures.loadMsPerRequest.toFixed(2)} ms; ` +
      `${figures.memoryMiB} MiB; health within ${Math.round(healthMax)} ms` +
      `${server.healthUrl === undefined ? '' : `, at the port of the load ${Math.round(healthMaxBeside)} ms`}`,
  )
  return figures

  /** Ms of the slowest answer. */
  async function slowestHealth(url) {
    let slowest = 0
    await everyTenth(async () => {
      const start = performance.now()
      await (await fetch(`${url}/v2/health/ready`)).text()
      slowest = Math.max(slowest, performance.now() - start)
    })
    return slowest
  }

  /** Looks again a tenth of a second after each look, while the load runs. */
  async function everyTenth(look) {
    while (running) {
      await look()
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

/** CPU time in ms and resident memory in MiB of a process; 0 where there is no /proc. */
async function usage(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  if (stat === undefined) return { cpu: 0, memory: 0 }
  // The name in parentheses may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [user, system, pages] = [fields[11], fields[12], fields[21]].map(Number)
  return { cpu: (user + system) * TICK, memory: Math.round((pages * 4096) / 2 ** 20) }
}
