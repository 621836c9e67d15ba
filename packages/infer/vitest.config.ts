import { defineProject } from 'vitest/config'

export default defineProject({
  test: {
    name: 'infer',
    include: ['test/**/*.test.ts'],
    setupFiles: ['../../test/support/same-draws.ts'],
    testTimeout: 120_000,
  },
})
