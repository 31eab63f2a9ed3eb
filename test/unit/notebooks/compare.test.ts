import { describe, expect, test } from 'vitest';
import { difference, ruleOf } from '../../../tools/notebooks/compare.ts';
import type { Notebook, Output } from '../../../tools/notebooks/notebook.ts';
import { lines, notebookText, text } from '../../../tools/notebooks/notebook.ts';
import { outputOf, stored } from '../../../tools/notebooks/outputs.ts';
import { typeErrors } from '../../../tools/notebooks/types.ts';
import { decode, encode, newSession } from '../../../tools/notebooks/wire.ts';

const printed = (said: string): readonly Output[] => [{ output_type: 'stream', name: 'stdout', text: said }];
const html = (said: string): readonly Output[] => [
  { output_type: 'display_data', data: { 'text/html': lines(said) }, metadata: {} },
];

describe('outputs are compared', () => {
  const exact = ruleOf([]);
  const loose = ruleOf(['tolerance=0.01']);

  test('by text, with the line that differs', () => {
    expect(difference(printed('a\nb 1\n'), printed('a\nb 1\n'), exact)).toBeNull();
    expect(difference(printed('a\nb 1\n'), printed('a\nb 2\n'), exact)).toBe(
      'stdout, line 2\n    stored: b 1\n    now:    b 2',
    );
    expect(difference(printed('a'), printed('a\nb'), exact)).toContain('stored: (no such line)');
  });

  test('by kind and number', () => {
    expect(difference([], printed('a'), exact)).toBe('stored: nothing; now: stdout');
    expect(difference(printed('a'), html('a'), ruleOf(['timing']))).toBe('stored: stdout; now: text/html');
    expect(difference(printed('1 ms'), printed('2 ms'), ruleOf(['timing']))).toBeNull();
  });

  test('with a tolerance for numbers that are not whole, and for nothing else', () => {
    expect(difference(printed('loss 0.501, 1e-9'), printed('loss 0.509, -2e-9'), loose)).toBeNull();
    expect(difference(printed('loss 200.5'), printed('loss 202.4'), loose)).toBeNull();
    expect(difference(printed('loss 0.501'), printed('loss 0.521'), loose)).not.toBeNull();
    expect(difference(printed('lost 0.501'), printed('loss 0.501'), loose)).not.toBeNull();
    expect(difference(printed('f32[1000]'), printed('f32[1001]'), loose)).not.toBeNull();
    expect(difference(printed('0.5'), printed('0.501'), exact)).not.toBeNull();
    expect(difference(printed('0.5'), printed('NaN'), loose)).not.toBeNull();
  });

  test('with pictures by their sizes and without styles', () => {
    const page = (d: string, size: number, style: string): readonly Output[] =>
      html(`<p style="${style}">x</p><svg width="${size}" height="2"><path d="${d}"/></svg><img width="3" src="${d}">`);
    expect(difference(page('M0', 1, 'a'), page('M1', 1, 'b'), exact)).toBeNull();
    expect(difference(page('M0', 1, 'a'), page('M0', 2, 'a'), exact)).toContain(
      'stored: <p>x</p>[drawing 1×2][picture 3×?]',
    );
  });

  test('as tags and metadata say', () => {
    expect(ruleOf([], { pullback: { tolerance: 0.5 } })).toEqual({ timing: false, tolerance: 0.5 });
    expect(ruleOf(['tolerance=0'], { pullback: { tolerance: 0.5 } })).toEqual({ timing: false, tolerance: 0 });
    expect(() => ruleOf(['tolerance=some'])).toThrow('tolerance=some is no tolerance');
  });
});

describe('notebooks', () => {
  test('are written as Jupyter does', () => {
    const notebook: Notebook = {
      nbformat: 4,
      nbformat_minor: 5,
      metadata: {},
      cells: [{ source: ['a\n', 'b'], outputs: [], id: 'x', cell_type: 'code', metadata: {}, execution_count: null }],
    };
    expect(notebookText(notebook)).toBe(
      `${JSON.stringify({ cells: [{ cell_type: 'code', execution_count: null, id: 'x', metadata: {}, outputs: [], source: ['a\n', 'b'] }], metadata: {}, nbformat: 4, nbformat_minor: 5 }, null, 1)}\n`,
    );
    expect(text(lines('a\n\nb'))).toBe('a\n\nb');
  });

  test('store what was printed in one piece, first', () => {
    const say = (name: string, said: string) => outputOf({ type: 'stream', parent: '', content: { name, text: said } });
    const value = outputOf({ type: 'execute_result', parent: '', content: { execution_count: 9, data: { 'text/plain': 'a\nb' } } }); // prettier-ignore
    const outputs = [value, say('stdout', 'x\n'), say('stderr', '!'), say('stdout', 'y')].filter((o) => o !== null);
    expect(stored(outputs, 4)).toEqual([
      { output_type: 'stream', name: 'stdout', text: ['x\n', 'y'] },
      { output_type: 'stream', name: 'stderr', text: ['!'] },
      { output_type: 'execute_result', data: { 'text/plain': ['a\n', 'b'] }, metadata: {}, execution_count: 4 },
    ]);
    expect(outputOf({ type: 'execute_input', parent: '', content: {} })).toBeNull();
  });

  test('messages carry a signature', () => {
    const session = newSession();
    const frames = encode(session, 'execute_reply', 'one', { status: 'ok' }).map((f) => Buffer.from(f));
    expect(decode(session, [Buffer.from('topic'), ...frames])).toEqual({
      type: 'execute_reply',
      parent: 'undefined',
      content: { status: 'ok' },
    });
    expect(decode(newSession(), frames)).toBeNull();
    expect(decode(session, [Buffer.from('noise')])).toBeNull();
  });

  test('have their types checked, across cells', { timeout: 120_000 }, () => {
    const code = (id: string, source: string) => ({ cell_type: 'code' as const, id, source, metadata: {} });
    const notebook: Notebook = {
      nbformat: 4,
      nbformat_minor: 5,
      metadata: {},
      cells: [
        code('one', 'const x: number | string = 3;\nx'),
        { ...code('prose', 'const x = 1'), cell_type: 'markdown' },
        code('two', 'await Deno.jupyter.display(x);\nx.toFixed(true)'),
      ],
    };
    const root = process.cwd();
    expect(typeErrors(root, new Map([[`${root}/notebooks/some.ipynb`, notebook]]))).toEqual([
      "notebooks/some.ipynb, cell two, line 2: Argument of type 'boolean' is not assignable to parameter of type 'number'.",
    ]);
  });
});
