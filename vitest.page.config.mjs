import { defineConfig } from 'vitest/config';

/**
 * Tests of examples/page in the headless Chromium that tests have, with SwiftShader as its GPU: `npm run test:page`. PAGE_TESTS=short runs
 * the most important of them only.
 */
export default defineConfig({
  test: {
    include: ['test/page/*.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
