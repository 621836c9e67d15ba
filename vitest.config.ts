import { defineConfig } from 'vitest/config'

// Two cores are the smallest machine that runs this: more workers than that only fight over them.
export default defineConfig({ test: { projects: ['packages/*', 'test'], maxWorkers: 2 } })
