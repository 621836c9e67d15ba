/** What a run shows while it goes on: a progress bar on a terminal, plain lines elsewhere. */
import type { SingleBar } from 'cli-progress'
import { batchCount, type Progress, type TrainingEvent } from '../run/loop.js'
import { resultsLine } from '../run/results.js'
import type { RunSettings } from '../run/settings.js'

export interface ProgressReport {
  onEvent(event: TrainingEvent): void
  /** A line above the bar. */
  line(text: string): void
  close(): void
}

export interface ReportOptions {
  readonly settings: RunSettings
  readonly trainCount: number
  readonly testCount: number
  /** Where the run begins or goes on. */
  readonly from: Pick<Progress, 'epoch' | 'batch'>
  readonly output: NodeJS.WriteStream
}

/** Seconds between two plain progress lines where there is no terminal. */
const PLAIN_INTERVAL = 60

/** Steps and seconds after which the pace is known well enough to say how long the run will take. */
const [ESTIMATE_STEPS, ESTIMATE_SECONDS] = [4, 3]

/** A picture that is only answered costs a third of one that is learned from, whose gradients take two more passes. */
const ANSWERED = 1 / 3

export async function openReport(options: ReportOptions): Promise<ProgressReport> {
  const { settings, trainCount, testCount, from, output } = options
  const total = settings.epochs * trainCount
  const meter = createMeter()
  const perEpoch = batchCount(trainCount, settings.batchSize)
  const donePictures = ({ epoch, batch }: { epoch: number; batch: number }): number =>
    epoch * trainCount + Math.min(batch * settings.batchSize, trainCount)
  const estimate = createEstimate((rate) => {
    const left = total - donePictures(from)
    const tests = (settings.epochs - from.epoch) * testCount * ANSWERED
    const duration = formatDuration((left + tests) / rate)
    return `${from.epoch + from.batch === 0 ? 'the whole run' : 'the rest of the run'} will take about ${duration}`
  })
  const status = (done: number): string => {
    const rate = meter.rate()
    return rate === 0 ? '' : `${formatRate(rate)} images/s, ${formatDuration((total - done) / rate)} left`
  }
  if (!output.isTTY) {
    let last = performance.now()
    return {
      onEvent(event) {
        if (event.type === 'epoch') {
          output.write(`${resultsLine(event.metrics)}\n`)
          last = performance.now()
          return
        }
        meter.add(event.pictures)
        const expected = estimate(event.pictures)
        if (expected !== undefined) output.write(`${expected}\n`)
        if (performance.now() - last < PLAIN_INTERVAL * 1000) return
        last = performance.now()
        const { epoch, batch, lossSum } = event.progress
        output.write(
          `epoch ${epoch}  batch ${batch} of ${perEpoch}, loss so far ${(lossSum / batch).toFixed(3)}, ${status(donePictures(event.progress))}\n`,
        )
      },
      line: (text) => output.write(`${text}\n`),
      close: () => {},
    }
  }
  const bar = await openBar(output, total)
  return {
    onEvent(event) {
      if (event.type === 'epoch') {
        above(bar, output, resultsLine(event.metrics))
        return
      }
      meter.add(event.pictures)
      const expected = estimate(event.pictures)
      if (expected !== undefined) above(bar, output, expected)
      const done = donePictures(event.progress)
      const { epoch, batch, lossSum } = event.progress
      bar.update(done, {
        epoch: epoch + 1,
        epochs: settings.epochs,
        loss: (lossSum / batch).toFixed(3),
        status: status(done),
      })
    },
    line: (text) => above(bar, output, text),
    close: () => bar.stop(),
  }
}

async function openBar(stream: NodeJS.WriteStream, total: number): Promise<SingleBar> {
  const { default: cliProgress } = await import('cli-progress')
  const bar = new cliProgress.SingleBar({
    stream,
    format: '[{bar}] {percentage}%  epoch {epoch}/{epochs}  loss {loss}  {status}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 20,
    hideCursor: true,
    clearOnComplete: true,
    stopOnComplete: false,
    fps: 5,
  })
  bar.start(total, 0, { epoch: 1, epochs: '', loss: '', status: '' })
  return bar
}

/** Writes a line where the bar is; the bar is drawn again below it. */
function above(bar: SingleBar, output: NodeJS.WriteStream, text: string): void {
  output.write(`\r\u001b[K${text}\n`)
  bar.updateETA()
  bar.render()
}

/**
 * Called after each step with its pictures: once the pace is known, `text` of it (pictures a second), once. The first step is not counted: in
 * it ONNX Runtime gets its memory.
 */
function createEstimate(text: (rate: number) => string): (pictures: number) => string | undefined {
  let begin: number | undefined
  let [steps, pictures] = [0, 0]
  let isSaid = false
  return (count) => {
    if (begin === undefined) {
      begin = performance.now()
      return undefined
    }
    steps++
    pictures += count
    const seconds = (performance.now() - begin) / 1000
    if (isSaid || steps < ESTIMATE_STEPS || seconds < ESTIMATE_SECONDS) return undefined
    isSaid = true
    return text(pictures / seconds)
  }
}

/** Pictures a second over the last ten seconds of training, pauses for evaluation and checkpoints included. */
function createMeter(): { add(pictures: number): void; rate(): number } {
  const marks: { time: number; pictures: number }[] = [{ time: performance.now(), pictures: 0 }]
  return {
    add(pictures) {
      const now = performance.now()
      const last = marks.at(-1)
      marks.push({ time: now, pictures: (last?.pictures ?? 0) + pictures })
      while (marks.length > 2 && now - (marks[1]?.time ?? now) > 10_000) marks.shift()
    },
    rate() {
      const first = marks[0]
      const last = marks.at(-1)
      if (first === undefined || last === undefined || last.time === first.time) return 0
      return ((last.pictures - first.pictures) * 1000) / (last.time - first.time)
    },
  }
}

export function formatRate(rate: number): string {
  return rate >= 100 ? Math.round(rate).toLocaleString('en-US') : rate.toFixed(1)
}

/** `45 s`, `3 min 20 s`, `2 h 05 min`. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} min`
}
