// Verifies every model in models/ with the command that users have, one after the other: `turbo run verify`.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'

const models = readdirSync('models').filter((name) => name.endsWith('.onnx'))
if (models.length === 0) {
  console.error('models: expected .onnx files, found none. Make one: npm run train && npm run export')
  process.exitCode = 1
}
for (const model of models) {
  const { status } = spawnSync('mnist-infer', ['verify', '--model', `models/${model}`, ...process.argv.slice(2)], {
    stdio: 'inherit',
  })
  if (status !== 0) process.exitCode = status ?? 1
}
