import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import type { Column, CsvOptions, CsvRecord, CsvSource, CsvType } from '../../../src/data/index.ts';
import { csvRecords, encodeCsv, fromArrays, loadCsv, parseCsv, saveCsv } from '../../../src/data/index.ts';

const raises = (code: string, message: string): Error => expect.objectContaining({ code, message }) as Error;

async function records(source: CsvSource, delimiter?: string): Promise<CsvRecord[]> {
  const all: CsvRecord[] = [];
  for await (const record of csvRecords(source, 'f', delimiter === undefined ? {} : { delimiter })) all.push(record);
  return all;
}
const fieldsOf = async (source: CsvSource, delimiter?: string): Promise<unknown> =>
  (await records(source, delimiter)).map(({ fields }) => fields);

describe('records', () => {
  test.each([
    ['', []],
    ['\n\r\n\r', []],
    ['a', [['a']]],
    ['a,b\r\nc,d\r\n', [['a', 'b'], ['c', 'd']]],
    ['a,b\nc,d', [['a', 'b'], ['c', 'd']]],
    ['a\rb\r', [['a'], ['b']]],
    [',\n,', [['', ''], ['', '']]],
    ['""', [['']]],
    ['"a,b","c\nd","e""f"\n', [['a,b', 'c\nd', 'e"f']]],
    ['"",""""\n', [['', '"']]],
    [' a , b ', [[' a ', ' b ']]],
    ['\uFEFFa,\uFEFFb', [['a', '\uFEFFb']]],
  ])('of %j', async (text, expected) => {
    expect(await fieldsOf(text)).toEqual(expected);
  }); // prettier-ignore

  test('know their lines', async () => {
    const lines = (await records('a\r\n\r\n"b\r\nb\nb"\nc\r\rd')).map(({ line, fields }) => [line, ...fields]);
    expect(lines).toEqual([
      [1, 'a'],
      [3, 'b\r\nb\nb'],
      [6, 'c'],
      [8, 'd'],
    ]);
  });

  const field = fc.string({
    unit: fc.constantFrom('a', 'é', '😀', '"', ',', ';', '\n', '\r', ' ', '\uFEFF'),
    maxLength: 5,
  });
  const table = fc
    .integer({ min: 1, max: 4 })
    .chain((width) =>
      fc.array(fc.array(field, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 5 }),
    );

  test('come back from what encodeCsv writes, however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        table,
        fc.constantFrom(',', ';'),
        fc.integer({ min: 1, max: 7 }),
        async (rows, delimiter, piece) => {
          const names = (rows[0] as string[]).map((_, i) => `n${i}`);
          const columns = Object.fromEntries(names.map((name, i) => [name, rows.map((row) => row[i] as string)]));
          const text = encodeCsv(columns, { delimiter });
          const bytes = new TextEncoder().encode(text);
          const pieces = Array.from({ length: Math.ceil(bytes.length / piece) }, (_, i) =>
            bytes.subarray(i * piece, (i + 1) * piece),
          );
          expect(await fieldsOf(text, delimiter)).toEqual([names, ...rows]);
          expect(await records(pieces, delimiter)).toEqual(await records(text, delimiter));
          expect(await records([...text], delimiter)).toEqual(await records(text, delimiter));
        },
      ),
    );
  });

  test.each([
    ['a\nb"c', 'csv-quote', 'f, line 2: a quote in a field without quotes: put the field in quotes and double the quote'],
    ['"a"b', 'csv-quote', 'f, line 1: text after the quote that ends a field: quotes within a field are to be doubled'],
    ['a\n\n"b\n\n', 'csv-quote', 'f, line 3: the quote that begins here has no end'],
    ['a,b\n\nc', 'csv-fields', 'f, line 3: 1 fields, the first record has 2'],
  ])('refuse %j', async (text, code, message) => {
    await expect(records(text)).rejects.toThrow(raises(code, message));
  }); // prettier-ignore

  test('refuse what is not UTF-8, and delimiters that are none', async () => {
    await expect(records(Uint8Array.of(0x61, 0xff))).rejects.toThrow(raises('csv-encoding', 'f: it is not UTF-8'));
    await expect(records(Uint8Array.of(0xc3))).rejects.toThrow(raises('csv-encoding', 'f: it is not UTF-8'));
    await expect(records('a', '""')).rejects.toThrow(
      raises('csv-delimiter', 'f: a delimiter is one character, no quote or line break, not "\\"\\""'),
    );
  });

  test('ask for no more pieces than they need', async () => {
    let asked = 0;
    const endless = function* (): Generator<string> {
      for (;;) yield `${asked++}\n`;
    };
    for await (const { fields } of csvRecords(endless(), 'f')) if (fields[0] === '3') break;
    expect(asked).toBe(4);
  });
});

describe('tables', () => {
  test('have columns of the types that are asked for', async () => {
    const text = 'x,name,n,ok\r\n 1.5 ,"a, b",-3,TRUE\r\n-inf,,7,0\r\nNaN,c,1e2,1\r\n';
    const table = await parseCsv(text, 'f', { columns: { n: 'i16', name: 'text', x: 'f64', ok: 'bool' } });
    expectTypeOf(table.n).toEqualTypeOf<Column>();
    expectTypeOf(table.name).toEqualTypeOf<readonly string[]>();
    expect(table).toEqual({
      n: { data: Int16Array.of(-3, 7, 100), shape: [3], dtype: 'i16' },
      name: ['a, b', '', 'c'],
      x: { data: Float64Array.of(1.5, -Infinity, NaN), shape: [3], dtype: 'f64' },
      ok: { data: Uint8Array.of(1, 0, 1), shape: [3], dtype: 'bool' },
    });
  });

  test('are data sets of f32 by default', async () => {
    const table = await parseCsv('a,b\n1,2\n3,4\n', 'f');
    const [item] = [...fromArrays(table).skip(1).batch(1)];
    expect(item?.value['b']?.data).toEqual(Float32Array.of(4));
    const rows = Array.from({ length: 1000 }, (_, i) => i);
    const bare = await parseCsv(rows.join('\n'), 'f', { header: false });
    expect(bare['0']?.data).toEqual(Float32Array.from(rows));
  });

  test('may have numbers missing', async () => {
    const { a } = await parseCsv('a,b\n,1\n2,1\n', 'f', { columns: { a: 'f16' }, missing: NaN });
    expect(a.data).toEqual(Float32Array.of(NaN, 2));
  });

  test('numbers of every dtype come back', async () => {
    const columns = fc.record({
      f64: fc.array(fc.double(), { minLength: 3, maxLength: 3 }).map((x) => Float64Array.from(x)),
      f32: fc.float32Array({ minLength: 3, maxLength: 3 }),
      u32: fc.uint32Array({ minLength: 3, maxLength: 3 }),
      i8: fc.int8Array({ minLength: 3, maxLength: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(columns, async (arrays) => {
        const made = Object.fromEntries(Object.entries(arrays).map(([name, data]) => [name, { data, shape: [3] }]));
        const types = { f64: 'f64', f32: 'f32', u32: 'u32', i8: 'i8' } as const;
        const back = await parseCsv(encodeCsv(made as Record<string, Column>), 'f', { columns: types });
        // What −0 is written as is 0.
        const plain = (data: ArrayLike<number>): number[] => Array.from(data, (x) => (x === 0 ? 0 : x));
        for (const [name, data] of Object.entries(arrays)) {
          expect(plain(back[name as keyof typeof types].data)).toEqual(plain(data));
        }
      }),
    );
  });

  test.each([
    ['', {}, 'csv-header', 'f: there is nothing in it, not even the columns\' names'],
    ['a,b,a\n', {}, 'csv-header', 'f, line 1: two columns are called a'],
    ['\na,b\n', { columns: { c: 'f32' } }, 'csv-header', 'f, line 2: there is no column c; there are a, b'],
    ['a\n1\n\n0x10\n', {}, 'csv-value', 'f, line 4: column a is f32, got "0x10"'],
    ['a,b\n1,\n', {}, 'csv-value', 'f, line 2: column b is f32, and a field of it is empty'],
    ['a\n1.5\n', { columns: { a: 'i32' } }, 'csv-value', 'f, line 2: column a is i32, got "1.5"'],
    ['a\n256\n', { columns: { a: 'u8' } }, 'csv-value', 'f, line 2: column a is u8, got "256"'],
    ['a\ntrue\n', { columns: { a: 'u8' } }, 'csv-value', 'f, line 2: column a is u8, got "true"'],
    ['a\n2\n', { columns: { a: 'bool' } }, 'csv-value', 'f, line 2: column a is bool, got "2"'],
  ] as const)('refuse %j', async (text, options, code, message) => {
    await expect(parseCsv(text, 'f', options as CsvOptions<Record<string, CsvType>>)).rejects.toThrow(raises(code, message));
  }); // prettier-ignore

  test('are written only from vectors of one length', () => {
    expect(() => encodeCsv({ a: ['x'], b: [] })).toThrow(raises('csv-fields', 'column a has 1 rows, column b has 0'));
    expect(() => encodeCsv({ a: { data: Int8Array.of(1, 2), shape: [1, 2] } })).toThrow(
      raises('csv-fields', 'column a is no vector: its shape is [1,2]'),
    );
  });

  test('are saved to files and loaded', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pullback-csv-'));
    try {
      const path = join(folder, 't.csv');
      await saveCsv(path, { a: ['x,y', 'z'], n: { data: Int32Array.of(1, -2), shape: [2] } });
      expect(await readFile(path, 'utf8')).toBe('a,n\r\n"x,y",1\r\nz,-2\r\n');
      expect((await loadCsv(path, { columns: { n: 'i32' } })).n.data).toEqual(Int32Array.of(1, -2));
      await writeFile(path, 'n\r\n1\r\nx\r\n');
      await expect(loadCsv(path)).rejects.toThrow(raises('csv-value', `${path}, line 3: column n is f32, got "x"`));
      const missing = join(folder, 'u.csv');
      await expect(loadCsv(missing)).rejects.toThrow(
        raises('file-unreadable', `cannot read ${missing}: no such file or folder`),
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
