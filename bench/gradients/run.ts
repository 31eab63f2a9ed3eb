import { numpy as np } from '../../src/index.ts';
import { BrokenLawError, checkVjp, NothingCheckedError } from '../../src/testing/index.ts';
import { installPeers } from '../peers/install.ts';
import { adapted } from './adapter.ts';
import type { Foreign } from './adapter.ts';
import { jaxJsFunctions } from './jax-js.ts';
import { tfjsFunctions } from './tfjs.ts';

/**
 * Checks gradients of jax-js and TensorFlow.js by `pullback/testing`, and prints what it finds: `npm run bench:gradients`.
 */

/** Wrong gradients that are there are what this is to find: as many as this, or it has found less than it should. */
const expected = 5;

/** Where each function is looked at. Near 100, where functions hardly bend, steps are larger than the rounding of f32. */
const points = [
  { at: [-1, 0.5, 2], options: {} },
  { at: [-100, 100], options: { step: 0.25 } },
  { at: [2, 0, 3], options: {} },
] as const;

interface Row {
  readonly function: string;
  readonly at: string;
  readonly verdict: 'right' | 'WRONG' | 'refused' | 'not compared';
  readonly found: string;
}

async function look(f: Foreign, { at, options }: (typeof points)[number]): Promise<Row> {
  const row = { function: f.name, at: `[${at.join(', ')}]` };
  try {
    await checkVjp(adapted(f), [np.array(at, { dtype: 'f64' })], options);
    return { ...row, verdict: 'right', found: '' };
  } catch (error) {
    if (error instanceof NothingCheckedError)
      return { ...row, verdict: 'not compared', found: 'its values do not tell' };
    const text = error instanceof Error ? error.message : String(error);
    if (!(error instanceof BrokenLawError)) return { ...row, verdict: 'refused', found: text.split('\n')[0] ?? '' };
    const [first = ''] = text.split('\n');
    return { ...row, verdict: 'WRONG', found: `${first.replace(/^.*?: reverse mode, /, '')}; blamed: ${error.blame?.custom ?? 'nobody'}` }; // prettier-ignore
  }
}

function table(rows: readonly Row[]): string {
  const cells = rows.map((r) => [r.function, r.at, r.verdict, r.found]);
  const widths = [0, 1, 2].map((i) => Math.max(...cells.map((c) => c[i]?.length ?? 0)));
  return cells.map((c) => c.map((text, i) => text.padEnd(widths[i] ?? 0)).join('  ').trimEnd()).join('\n'); // prettier-ignore
}

installPeers();
const functions = [...(await jaxJsFunctions()).values(), ...(await tfjsFunctions()).values()];
const rows: Row[] = [];
for (const f of functions) for (const point of points) rows.push(await look(f, point));
console.log(table(rows));
const wrong = new Set(rows.filter((r) => r.verdict === 'WRONG').map((r) => r.function));
console.log(`\n${wrong.size} functions with a wrong gradient: ${[...wrong].join(', ')}`);
process.exit(wrong.size >= expected ? 0 : 1);
