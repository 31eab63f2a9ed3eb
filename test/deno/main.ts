import { run } from './vitest.ts';

/** Tests under Deno, whose WebGPU is wgpu with naga, another compiler of WGSL: `npm run test:deno`. */

const scope = globalThis as unknown as {
  readonly Deno: {
    readonly exit: (code: number) => never;
    readonly env: { get: (name: string) => string | undefined };
  };
};

const wasm = [
  () => import('../device/wasm-numerics.test.ts'),
  () => import('./devices.ts').then((m) => m.onDevice('wasm')),
];
const webgpu = [
  () => import('../device/webgpu-numerics.test.ts'),
  () => import('../device/webgpu-compiled.test.ts'),
  () => import('../device/webgpu-scatter.test.ts'),
  () => import('./devices.ts').then((m) => m.onDevice('webgpu')),
];
const more = [() => import('../laws/webgpu.webgpu.test.ts'), () => import('../device/webgpu-random.test.ts')];

const adapter = (await (navigator as Partial<Navigator>).gpu?.requestAdapter()) ?? null;
const all = scope.Deno.env.get('DENO_TESTS') === 'all';
if (adapter === null) console.info('webgpu: skipped, no adapter is found here');
else console.info(`webgpu: ${adapter.info.description}`);

const total = { passed: 0, failed: 0, skipped: 0 };
for (const declare of [...wasm, ...(adapter === null ? [] : webgpu), ...(adapter === null || !all ? [] : more)]) {
  await declare();
  const { passed, failed, skipped } = await run();
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
}
console.info(`deno: ${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
scope.Deno.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);
