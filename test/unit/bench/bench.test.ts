import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { verdicts, webgpuGoals } from '../../../bench/goals.ts';
import { inputsOf } from '../../../bench/inputs.ts';
import { contender } from '../../../bench/libraries.ts';
import { parseOptions } from '../../../bench/options.ts';
import { channelsFirst, flattenedFirst, kernelsFirst, transposed } from '../../../bench/peers/layouts.ts';
import type { Result, RowResult } from '../../../bench/result.ts';
import { disagreements, summary } from '../../../bench/result.ts';
import type { Goal, Row } from '../../../bench/row.ts';
import { rows, selected } from '../../../bench/rows/index.ts';
import { table } from '../../../bench/table.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const args = ['--import', 'tsx', 'bench/run.ts'];

const row = (goals: readonly Goal[] = [], more: Partial<Row> = {}): Row => ({
  name: 'row', group: 'group', task: { kind: 'dispatch' }, goals, tolerance: 1e-3, quick: false, ...more,
}); // prettier-ignore
const took = (median: number, check: readonly number[] = []): Result => ({
  median, minimum: median, samples: 1, check: { check, scale: 0 },
}); // prettier-ignore

describe('the arguments of the benchmark', () => {
  test('have defaults', () => {
    expect(parseOptions([])).toMatchObject({ names: [], quick: false, device: 'wasm', threads: 2, json: null });
    expect(parseOptions(['--help'])).toBe('help');
    expect(parseOptions(['conv', 'cnn-32', '--peers', 'jax,torch', '--threads', '1'])).toMatchObject({
      names: ['conv', 'cnn-32'], peers: ['jax', 'torch'], threads: 1,
    }); // prettier-ignore
    expect(parseOptions(['--peers', 'none'])).toMatchObject({ peers: [] });
    expect(parseOptions(['--device', 'webgpu'])).toMatchObject({ peers: ['jax-js', 'tfjs'] });
    expect(parseOptions(['--device', 'webgpu', '--peers', 'numpy'])).toMatchObject({ peers: ['numpy'] });
  });

  test.each([
    [['cnn-33'], /^there is no row cnn-33; there are: models, .*cnn-32/],
    [['--peers', 'theano'], 'there is no peer theano; there are: jax-js, tfjs, numpy, torch, jax, tensorflow'],
    [['--device', 'tpu'], 'there is no device tpu; there are: wasm, webgpu, reference'],
    [['--threads', '0'], '--threads must be a number above 0, not 0'],
    [['--seconds', 'x'], '--seconds must be a number above 0, not x'],
    [['--fast'], "Unknown option '--fast' (--help shows the flags)"],
  ])('%j are refused', (given, message) => expect(() => parseOptions(given)).toThrow(message));
});

describe('rows', () => {
  test('have names of their own', () => expect(new Set(rows.map((r) => r.name)).size).toBe(rows.length));

  test('bring the rows that their goals look at', () => {
    expect(selected(['conv1-forward-32'], false).map((r) => r.name)).toEqual(['matmul-1024', 'conv1-forward-32']);
    expect(selected([], true).every((r) => r.quick)).toBe(true);
    const names = new Set(rows.map((r) => r.name));
    const looked = rows.flatMap((r) => r.goals.flatMap((g) => (g.kind === 'share' ? [g.row] : [])));
    expect(looked.filter((name) => !names.has(name))).toEqual([]);
  });
});

describe('on webgpu', () => {
  test('rows have goals of their own', () => {
    const [cnn] = selected(['cnn-32'], false, 'webgpu');
    expect(cnn?.goals.flatMap((g) => (g.kind === 'faster' ? g.than : []))).toEqual(['jax-js', 'tfjs']);
    expect(selected(['conv1-forward-32'], false, 'webgpu').map((r) => [r.name, r.goals])).toEqual([['conv1-forward-32', []]]); // prettier-ignore
    const names = rows.map((r) => r.name);
    expect(Object.keys(webgpuGoals).filter((name) => !names.includes(name))).toEqual([]);
  });

  test('processes of peers are told, and others run on what they have', () => {
    const of = (name: 'tfjs' | 'torch') => contender(name, { threads: 2, device: 'webgpu' });
    expect(of('tfjs').args.at(-1)).toBe('{"threads":2,"device":"webgpu"}');
    expect([of('tfjs').usesGpu, of('torch').usesGpu]).toEqual([true, false]);
  });
});

describe('goals', () => {
  const other: RowResult = { row: row([], { name: 'copy', work: { amount: 1e6, unit: 'byte' } }), results: { node: took(1) } }; // prettier-ignore
  const judge = (goal: Goal, results: RowResult['results'], more: Partial<Row> = {}, relaxed = true): unknown =>
    verdicts({ row: row([goal], more), results }, [other], relaxed).map(({ text, shown, met }) => [text, shown, met]);

  test('of speed are against the fastest', () => {
    const goal = { kind: 'faster', than: ['torch', 'tensorflow'], by: 1 } as const;
    const results = { pullback: took(2), torch: took(3), tensorflow: took(1) };
    expect(judge(goal, results)).toEqual([['≥ 1× torch, tensorflow', '0.5×', false]]);
    expect(judge(goal, { pullback: took(2), torch: { skip: 'no' } })).toEqual([['≥ 1× torch, tensorflow', 'not measured', null]]); // prettier-ignore
  });

  test('of models are easier without relaxed SIMD', () => {
    const goal = { kind: 'faster', than: ['jax'], by: 1 } as const;
    const results = { pullback: took(1.5), jax: took(1) };
    expect(judge(goal, results, { group: 'models' }, false)).toEqual([['≥ 0.556× jax', '0.667×', true]]);
    expect(judge(goal, results, { group: 'models' }, true)).toEqual([['≥ 1× jax', '0.667×', false]]);
  });

  test('of time, rates and shares', () => {
    const work = { amount: 8e5, unit: 'byte' } as const;
    const results = { pullback: took(1) };
    expect(judge({ kind: 'most', value: 0.02 }, { pullback: took(0.03) })).toEqual([['≤ 20 µs', '30 µs', false]]);
    expect(judge({ kind: 'most', value: 1024 }, results, { once: 'megabytes' })).toEqual([['≤ 1024 MB', '1 MB', true]]);
    expect(judge({ kind: 'rate', least: 0.5 }, results, { work })).toEqual([['≥ 0.5 GB/s', '0.8', true]]);
    const share = { kind: 'share', least: 0.9, row: 'copy', of: 'node' } as const;
    expect(judge(share, results, { work })).toEqual([["≥ 0.9 of copy's rate", '0.8', false]]);
  });
});

describe('results', () => {
  test('that differ are told', () => {
    const result = (jax: number): RowResult => ({ row: row(), results: { pullback: took(1, [2.3, 2.1]), jax: took(1, [2.3, jax]) } }); // prettier-ignore
    expect(disagreements(result(2.1001))).toEqual([]);
    expect(disagreements(result(2.11))).toEqual(['jax computes 2.3, 2.11; pullback computes 2.3, 2.1']);
    expect(disagreements(result(NaN))).toHaveLength(1);
  });

  test('are medians and minima', () => {
    expect(summary([3, 1, 2])).toEqual({ median: 2, minimum: 1, samples: 3 });
    expect(summary([4, 1, 2, 3])).toEqual({ median: 2.5, minimum: 1, samples: 4 });
  });

  test('are a table', () => {
    const results: RowResult['results'] = { pullback: took(2), jax: took(5), torch: { error: 'out of luck' } };
    expect(table([{ row: row(), results, verdicts: [] }])).toBe(
      [
        '     median  minimum  rate  vs torch  vs jax  goal',
        'row    2 ms     2 ms          failed    2.5×',
        '',
        'row: torch failed: out of luck',
      ].join('\n'),
    );
  });
});

describe('inputs', () => {
  test('are those that Python makes', () => {
    // By `common.uniform(1, (4,))`, `common.below(2, 4, 65536)`.
    const [x, positions] = inputsOf({ kind: 'gather', rows: 65536, width: 1, count: 4 });
    expect([...(x?.data.slice(0, 4) ?? [])]).toEqual([
      0.5499407052993774, 0.4586293697357178, -0.09943437576293945, -0.24581384658813477,
    ]);
    expect([...(positions?.data ?? [])]).toEqual([32183, 6442, 20161, 49423]);
  });

  test('move to other layouts', () => {
    const x = { shape: [1, 2, 3, 2], data: Float32Array.from({ length: 12 }, (_, i) => i) };
    expect(channelsFirst(x)).toEqual({ shape: [1, 2, 2, 3], data: Float32Array.of(0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11) }); // prettier-ignore
    expect(transposed(channelsFirst(x), [0, 2, 3, 1])).toEqual(x);
    expect(transposed(kernelsFirst(x), [2, 3, 1, 0])).toEqual(x);
    const w = { shape: [4, 2], data: Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7) };
    expect(flattenedFirst(w, [1, 2, 2])).toEqual({ shape: [4, 2], data: Float32Array.of(0, 1, 4, 5, 2, 3, 6, 7) });
  });
});

describe('the command', { timeout: 60_000 }, () => {
  test('measures pullback alone and writes what it found', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'bench-')), 'result.json');
    const names = ['dispatch', 'sum-1024x256-axis1', 'autoencoder-256'];
    const flags = ['--quick', '--seconds', '0.01', '--peers', 'none', '--json', file];
    const text = execFileSync(process.execPath, [...args, ...names, ...flags], { cwd: root, encoding: 'utf8', stdio: 'pipe' }); // prettier-ignore
    expect(text).toMatch(/^autoencoder-256 +[\d.]+ m?s/m);
    const report = JSON.parse(readFileSync(file, 'utf8')) as { readonly complete: boolean; readonly rows: readonly RowResult[] }; // prettier-ignore
    expect(report).toMatchObject({
      complete: true,
      libraries: { pullback: { backend: expect.stringContaining('wasm') as string } },
    });
    expect(report.rows.map((r) => Object.keys(r.results))).toEqual([['pullback'], ['pullback'], ['pullback']]);
  });

  test('says what is wrong with a call', () => {
    const { status, stderr } = spawnSync(process.execPath, [...args, 'nothing'], { cwd: root, encoding: 'utf8' });
    expect([status, stderr]).toEqual([2, expect.stringMatching(/^error: there is no row nothing; there are: models,/)]);
  });
});
