import { DeviceUnavailableError, grad, init, jit, numpy as np } from 'pullback';
import { key, normal } from 'pullback/random';

async function main() {
  const device = globalThis.location.search.slice(1);
  // Before `init`, the parts of a device are not there: it must say so.
  try {
    np.add(1, 2);
    return 'it computes before init';
  } catch (error) {
    if (!(error instanceof DeviceUnavailableError) || !error.message.includes('await init()')) throw error;
  }
  const { description } = await init({ device });
  const x = normal(key(0), [64]);
  const step = jit((w) => w.sub(grad((v) => np.square(x.mul(v).sub(x.mul(3))).mean())(w).mul(0.2)));
  let w = np.array(0);
  for (let i = 0; i < 50; i++) w = step(w);
  const found = await w.item();
  return Math.abs(found - 3) < 1e-3 ? `trained on ${description}` : `found ${found} on ${description}`;
}

globalThis.document.title = await main().catch((error) => `failed: ${error.message}`);
