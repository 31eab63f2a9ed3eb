import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { DType } from '../kernel/dtype.ts';
import { product } from '../util/array.ts';
import { PullbackError } from '../util/error.ts';
import type { Column } from './columns.ts';
import type { ColumnBuilder, CsvType } from './csv-columns.ts';
import { columnBuilder } from './csv-columns.ts';
import type { CsvRecord } from './csv-records.ts';
import { RecordReader } from './csv-records.ts';
import { CsvError } from './errors.ts';
import { saveText } from './files.ts';
import { platform } from './platform.ts';
import { runOrThrow } from './throwing.ts';

/** Tables as text: comma-separated values (RFC 4180). */

/** A text, its bytes in UTF-8, or pieces of either. */
export type CsvSource = string | Uint8Array | Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>;

/** How the text is divided. */
export interface CsvFormat {
  /** One character; default a comma. */
  readonly delimiter?: string;
}

/** What to make of a table. */
export interface CsvOptions<C extends Readonly<Record<string, CsvType>>> extends CsvFormat {
  /** Does the first record name the columns? Default true. Otherwise they are called by their numbers: `0`, `1`, … */
  readonly header?: boolean;
  /** The columns that are wanted, with their types; default: all of them as f32. */
  readonly columns?: C;
  /** The number that an empty field of a column of floats stands for; default: empty fields are errors. */
  readonly missing?: number;
}

/** The columns of a table: numbers as columns of a data set, texts as they are. */
export type CsvTable<C extends Readonly<Record<string, CsvType>>> = {
  readonly [K in keyof C]: C[K] extends DType ? Column : readonly string[];
};

/**
 * The records of a table, one after another: no more of it is in memory than the current piece and record.
 *
 * @param name names the source in errors.
 * @throws CsvError with the line, for quotes that are wrong, for bytes that are not UTF-8, and for a record with more or
 *   fewer fields than the first.
 * @example
 * for await (const { line, fields } of data.csvRecords(response.body, 'iris.csv')) console.log(line, fields);
 */
export async function* csvRecords(
  source: CsvSource,
  name: string,
  { delimiter = ',' }: CsvFormat = {},
): AsyncGenerator<CsvRecord, void, void> {
  if (delimiter.length !== 1 || '"\r\n'.includes(delimiter)) {
    throw new CsvError(
      'csv-delimiter',
      `${name}: a delimiter is one character, no quote or line break, not ${JSON.stringify(delimiter)}`,
    );
  }
  const reader = new RecordReader(name, delimiter);
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const textOf = (piece: Uint8Array | null): string => {
    try {
      return piece === null ? decoder.decode() : decoder.decode(piece, { stream: true });
    } catch (cause) {
      throw new CsvError('csv-encoding', `${name}: it is not UTF-8`, { cause });
    }
  };
  let width: number | null = null;
  const checked = (record: CsvRecord): CsvRecord => {
    width ??= record.fields.length;
    if (record.fields.length === width) return record;
    const text = `${name}, line ${record.line}: ${record.fields.length} fields, the first record has ${width}`;
    throw new CsvError('csv-fields', text);
  };
  for await (const piece of typeof source === 'string' || source instanceof Uint8Array ? [source] : source) {
    for (const record of reader.push(typeof piece === 'string' ? piece : textOf(piece))) yield checked(record);
  }
  for (const record of reader.push(textOf(null))) yield checked(record);
  for (const record of reader.end()) yield checked(record);
}

/**
 * {@link parseCsv} as a `TaskEither`.
 *
 * @example
 * const table = await data.decodeCsv('x,y\n1,2\n', 'points.csv')(); // E.right({ x, y })
 * table._tag; // 'Right'
 */
export const decodeCsv = <const C extends Readonly<Record<string, CsvType>> = Readonly<Record<string, 'f32'>>>(
  source: CsvSource,
  name: string,
  options: CsvOptions<C> = {},
): TE.TaskEither<PullbackError, CsvTable<C>> => TE.tryCatch(() => tableOf(source, name, options), known);

/** What is thrown on purpose; anything else is the source's own, and goes on as it is. */
function known(error: unknown): PullbackError {
  if (error instanceof PullbackError) return error;
  throw error;
}

/**
 * The columns of a table, read piece by piece into arrays of their own.
 *
 * Types are dtypes, for numbers as they are written in most languages (of bools also `true` and `false`), and `text`.
 *
 * @param name names the source in errors.
 * @throws CsvError with the line and the column, for what is no such number, does not fit its dtype, or is missing; for
 *   columns that are not there; and as {@link csvRecords}.
 * @example
 * const { sepal, species } = await data.parseCsv(text, 'iris.csv', { columns: { sepal: 'f32', species: 'text' } });
 */
export const parseCsv = <const C extends Readonly<Record<string, CsvType>> = Readonly<Record<string, 'f32'>>>(
  source: CsvSource,
  name: string,
  options: CsvOptions<C> = {},
): Promise<CsvTable<C>> => runOrThrow(decodeCsv(source, name, options));

async function tableOf<C extends Readonly<Record<string, CsvType>>>(
  source: CsvSource,
  name: string,
  { header = true, columns, missing, ...format }: CsvOptions<C>,
): Promise<CsvTable<C>> {
  let builders: readonly { readonly place: number; readonly column: string; readonly builder: ColumnBuilder }[] | null =
    null;
  for await (const { line, fields } of csvRecords(source, name, format)) {
    if (builders === null) {
      const names = header ? fields : fields.map((_, i) => String(i));
      builders = placesOf(names, columns, `${name}, line ${line}`).map(({ place, column, type }) => {
        return { place, column, builder: columnBuilder(type, missing) };
      });
      if (header) continue;
    }
    for (const { place, column, builder } of builders) {
      const fault = builder.add(fields[place] ?? '');
      if (fault !== null) throw new CsvError('csv-value', `${name}, line ${line}: column ${column} ${fault}`);
    }
  }
  if (builders === null)
    throw new CsvError('csv-header', `${name}: there is nothing in it, not even the columns' names`);
  return Object.fromEntries(builders.map(({ column, builder }) => [column, builder.build()])) as CsvTable<C>;
}

/** Which fields of a record are the columns that are wanted. */
function placesOf(
  names: readonly string[],
  columns: Readonly<Record<string, CsvType>> | undefined,
  where: string,
): readonly { readonly place: number; readonly column: string; readonly type: CsvType }[] {
  const twice = names.find((column, i) => names.indexOf(column) !== i);
  if (twice !== undefined) throw new CsvError('csv-header', `${where}: two columns are called ${twice}`);
  const wanted = columns === undefined ? names.map((column) => [column, 'f32'] as const) : Object.entries(columns);
  return wanted.map(([column, type]) => {
    const place = names.indexOf(column);
    if (place >= 0) return { place, column, type };
    throw new CsvError('csv-header', `${where}: there is no column ${column}; there are ${names.join(', ')}`);
  });
}

/**
 * {@link loadCsv} as a `TaskEither`.
 *
 * @example
 * const table = await data.readCsv('nowhere.csv')(); // E.left(a FileError)
 * table._tag; // 'Left'
 */
export const readCsv = <const C extends Readonly<Record<string, CsvType>> = Readonly<Record<string, 'f32'>>>(
  path: string,
  options: CsvOptions<C> = {},
): TE.TaskEither<PullbackError, CsvTable<C>> =>
  pipe(
    platform,
    TE.flatMap((files): TE.TaskEither<PullbackError, CsvTable<C>> => decodeCsv(files.pieces(path), path, options)),
  );

/**
 * {@link parseCsv} of a file, of which only a piece is in memory at a time.
 *
 * @throws FileError where it can't be read; CsvError as {@link parseCsv}.
 * @example
 * await data.saveText('points.csv', 'x,y\n1,2\n3,4\n');
 * const { x, y } = await data.loadCsv('points.csv');
 */
export const loadCsv = <const C extends Readonly<Record<string, CsvType>> = Readonly<Record<string, 'f32'>>>(
  path: string,
  options: CsvOptions<C> = {},
): Promise<CsvTable<C>> => runOrThrow(readCsv(path, options));

/**
 * The text of a table: a line of names, then a line for each row, ending with CR LF. Numbers are written so that reading
 * them gives the same; fields are quoted where they have to be.
 *
 * @param columns vectors, or lists of texts, of one length
 * @throws CsvError for columns of other shapes or of different lengths.
 * @example
 * const points = { x: { shape: [2], data: Float32Array.of(1, 2.5) }, name: ['a', 'b, c'] };
 * data.encodeCsv(points).split('\r\n')[2]; // '2.5,"b, c"'
 */
export function encodeCsv(
  columns: Readonly<Record<string, Column | readonly string[]>>,
  { delimiter = ',' }: CsvFormat = {},
): string {
  const entries = Object.entries(columns).map(([name, column]) => [name, valuesOf(name, column)] as const);
  const [rows = 0] = entries.map(([, values]) => values.length);
  for (const [name, { length }] of entries) {
    if (length === rows) continue;
    throw new CsvError('csv-fields', `column ${entries[0]?.[0] ?? ''} has ${rows} rows, column ${name} has ${length}`);
  }
  const lines = [entries.map(([name]) => name)];
  for (let i = 0; i < rows; i++) lines.push(entries.map(([, values]) => String(values[i] ?? '')));
  const alone = entries.length === 1;
  return lines.map((line) => `${line.map((text) => quoted(text, delimiter, alone)).join(delimiter)}\r\n`).join('');
}

function valuesOf(name: string, column: Column | readonly string[]): ArrayLike<number | string> {
  if (!('data' in column)) return column;
  const { data, shape } = column;
  if (shape.length === 1 && product(shape) === data.length) return data;
  throw new CsvError('csv-fields', `column ${name} is no vector: its shape is [${shape.join(',')}]`);
}

/** A field that is empty and alone in its line would be no record without quotes. */
const quoted = (text: string, delimiter: string, alone: boolean): string =>
  text.includes(delimiter) || /["\r\n]/.test(text) || (alone && text === '') || text.startsWith('\uFEFF')
    ? `"${text.replaceAll('"', '""')}"`
    : text;

/**
 * Writes {@link encodeCsv}'s text to a file in one stroke.
 *
 * @throws FileError where it can't be written.
 * @example
 * await data.saveCsv('points.tsv', { x: { shape: [2], data: Float32Array.of(1, 2.5) } }, { delimiter: '\t' });
 */
export const saveCsv = async (
  path: string,
  columns: Readonly<Record<string, Column | readonly string[]>>,
  format?: CsvFormat,
): Promise<void> => saveText(path, encodeCsv(columns, format));
