import { defineConfig } from 'vitest/config';

/** Tests that need a WebGPU adapter: `npm test` gives them a software one. */
const webgpu = ['test/device/webgpu*.test.ts', 'test/**/*.webgpu.test.ts'];

export default defineConfig({
  test: {
    setupFiles: ['test/setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: [...webgpu, 'test/browser/**', 'test/page/**'] },
      },
      {
        extends: true,
        // Software WebGPU compiles slowly and uses every core: one file at a time, with more patience.
        test: { name: 'webgpu', include: webgpu, maxWorkers: 1, testTimeout: 120_000, hookTimeout: 120_000 },
      },
    ],
  },
});
