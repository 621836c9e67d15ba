// One load of autocannon in a process of its own: its options as JSON on standard input, the body in base64; its result as JSON.
import { json } from 'node:stream/consumers'
import autocannon from 'autocannon'

const { body, ...options } = await json(process.stdin)
const { duration, latency, errors, non2xx, ...rest } = await autocannon({
  ...options,
  body: Buffer.from(body, 'base64'),
})
const { user, system } = process.cpuUsage()
const cpu = (user + system) / 1000
console.log(JSON.stringify({ duration, latency, errors, non2xx, ok: rest['2xx'], statuses: rest.statusCodeStats, cpu }))
