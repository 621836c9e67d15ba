/** A doctor's report as text. */
import type { Finding } from './finding.js'
import type { Machine } from './machine.js'

export interface DoctorReport {
  readonly machine: Machine
  readonly findings: readonly Finding[]
}

export function reportText({ machine, findings }: DoctorReport): string {
  const { node, platform, cpu, cores, memoryMiB, gpus, versions } = machine
  const facts: readonly (readonly [string, string])[] = [
    ['machine', platform],
    ['cpu', `${cpu}, ${cores} core${cores === 1 ? '' : 's'}, ${memory(memoryMiB)}`],
    ...(gpus.length === 0
      ? [['gpu', 'no NVIDIA GPU'] as const]
      : gpus.map((gpu) => ['gpu', `${gpu.name}, ${memory(gpu.memoryMiB)}, driver ${gpu.driver}`] as const)),
    ['node', node],
    ...Object.entries(versions),
  ]
  return `${columns(facts)}\n\n${columns([HEAD, ...findings.map(row)])}\n`
}

const HEAD = ['', '', 'images/s', 'memory', 'runs on, or why not', 'what mends it']

function row({ kind, name, works, detail, remedy, imagesPerSecond, memoryMiB }: Finding): readonly string[] {
  return [
    `${kind} ${name}`,
    works ? 'works' : 'no',
    imagesPerSecond === undefined ? '' : Math.round(imagesPerSecond).toLocaleString('en-US').padStart(8),
    memoryMiB === undefined ? '' : memory(memoryMiB),
    detail,
    works ? '' : (remedy ?? ''),
  ]
}

function memory(mebibytes: number): string {
  return mebibytes < 1024 ? `${mebibytes} MB` : `${(mebibytes / 1024).toFixed(1)} GB`
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((cells) => (cells[column] ?? '').length)))
  return rows
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
