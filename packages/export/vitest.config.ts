import { defineProject } from 'vitest/config'

export default defineProject({
  test: {
    name: 'export',
    include: ['test/**/*.test.ts'],
    setupFiles: ['../../test/support/same-draws.ts'],
    testTimeout: 120_000,
  },
})
