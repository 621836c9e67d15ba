/** The process that `checkProviders` starts: a request as JSON in, an answer as the last line of standard output. */
import { openSession } from '../runtime/node.js'
import { float32 } from '../runtime/session.js'
import { probeModel } from './probe-model.js'
import type { ProviderAnswer, ProviderRequest } from './providers.js'

const BATCH = 256

async function answer({ provider, seconds }: ProviderRequest): Promise<ProviderAnswer> {
  try {
    const session = await openSession(probeModel(), { provider })
    const image = float32(new Float32Array(BATCH * 784).fill(0.5), [BATCH, 1, 28, 28])
    // The first run finds memory and kernels.
    await session.run({ image })
    const start = performance.now()
    let runs = 0
    while (performance.now() - start < seconds * 1000) {
      await session.run({ image })
      runs++
    }
    const imagesPerSecond = Math.round((runs * BATCH * 1000) / (performance.now() - start))
    const memoryMiB = Math.round(process.memoryUsage().rss / 2 ** 20)
    return { ...(runs === 0 ? {} : { imagesPerSecond }), memoryMiB }
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) }
  }
}

const request = JSON.parse(process.argv[2] ?? '') as ProviderRequest
process.stdout.write(`\n${JSON.stringify(await answer(request))}\n`)
