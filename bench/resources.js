// Preloaded into a process (`node --import`): on its way out it says what it used, as JSON on file descriptor 3.
import { writeSync } from 'node:fs'

process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
  // Microseconds, kibibytes.
  writeSync(3, JSON.stringify({ cpu: (userCPUTime + systemCPUTime) / 1e6, memory: maxRSS * 1024 }))
})
