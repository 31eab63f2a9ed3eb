import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { chromiumArgs, chromiumPath, softwareWebGpu } from './scripts/chromium.mjs';

/** Tests in a browser, with SwiftShader as its GPU: `npm run test:browser`. BROWSER_TESTS=all runs more. */
const names = ['FUZZ_SEED', 'LAW_RUNS', 'RUNS', 'WEBGPU_RUNS'];

const usual = [
  'test/browser/*.browser.test.ts',
  'test/device/webgpu-compiled.test.ts',
  'test/device/webgpu-numerics.test.ts',
  'test/device/wasm-numerics.test.ts',
];
const more = [
  'test/laws/webgpu.webgpu.test.ts',
  'test/laws/wasm.test.ts',
  'test/device/webgpu-procedures.test.ts',
  'test/device/webgpu-random.test.ts',
  'test/device/webgpu-scatter.test.ts',
  'test/device/webgpu-control.test.ts',
];

export default defineConfig(async () => ({
  // Tests read the environment.
  define: {
    'process.env': JSON.stringify(
      Object.fromEntries(Object.entries(process.env).filter(([name]) => names.includes(name))),
    ),
  },
  // A page has threads that share memory only where it is isolated from others.
  server: { headers: { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' } },
  test: {
    include: process.env.BROWSER_TESTS === 'all' ? [...usual, ...more] : usual,
    setupFiles: ['test/setup.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({
        launchOptions: {
          executablePath: await chromiumPath(),
          args: [...chromiumArgs, ...softwareWebGpu],
        },
      }),
      instances: [{ browser: 'chromium' }],
    },
  },
}));
