import { defineProject } from 'vitest/config'

export default defineProject({ test: { name: 'cross', include: ['**/*.test.ts'], testTimeout: 300_000 } })
