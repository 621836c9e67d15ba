/** NVIDIA's GPUs, as its driver tells them. */
import { runTool } from '../setup/tool.js'

export interface Gpu {
  /** NVIDIA H100 80GB HBM3 */
  readonly name: string
  readonly memoryMiB: number
  /** 580.65.06 */
  readonly driver: string
}

/** WSL keeps its tool outside the path. */
const TOOLS = ['nvidia-smi', '/usr/lib/wsl/lib/nvidia-smi']

/** Empty where there is none, or no driver. */
export async function nvidiaGpus(): Promise<readonly Gpu[]> {
  for (const tool of TOOLS) {
    const result = await runTool(
      tool,
      ['--query-gpu=name,memory.total,driver_version', '--format=csv,noheader,nounits'],
      // A driver that hangs must not hang us.
      { signal: AbortSignal.timeout(10_000) },
    ).catch(() => undefined)
    if (result?.status !== 0) continue
    return result.stdout
      .trim()
      .split('\n')
      .map((line) => line.split(',').map((part) => part.trim()))
      .filter((parts) => parts.length === 3)
      .map(([name, memory, driver]) => ({ name: name as string, memoryMiB: Number(memory), driver: driver as string }))
  }
  return []
}

/** Whether version `a` comes before `b`, both of numbers with dots. */
export function isOlder(a: string, b: string): boolean {
  const [x, y] = [a, b].map((version) => version.split('.').map(Number)) as [number[], number[]]
  for (let index = 0; index < y.length; index++) {
    const difference = (x[index] ?? 0) - (y[index] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}
