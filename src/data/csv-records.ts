import { CsvError } from './errors.ts';

/** A record of a CSV file. */
export interface CsvRecord {
  /** The line that it begins on, from 1: quoted fields may go over several. */
  readonly line: number;
  readonly fields: readonly string[];
}

/**
 * Where in a record the text is: before anything of it, after a delimiter, within a field without quotes, within quotes, or
 * after a quote that either ends the field or is the first of two.
 */
type Place = 'record' | 'field' | 'plain' | 'quoted' | 'quote';

/**
 * Takes a text piece by piece and gives the records that are complete, by RFC 4180: fields between delimiters, records on
 * lines that end with CR LF, LF or CR; fields in quotes may hold delimiters, line breaks and doubled quotes. Empty lines are
 * no records.
 */
export class RecordReader {
  readonly #source: string;
  readonly #delimiter: string;
  #place: Place = 'record';
  #field = '';
  #fields: string[] = [];
  #line = 1;
  /** Of the record, and of the last quote that began a field. */
  #began = { record: 1, quote: 1 };
  /** Was the last character a carriage return, which a line feed would only complete? */
  #afterReturn = false;
  #first = true;

  constructor(source: string, delimiter: string) {
    this.#source = source;
    this.#delimiter = delimiter;
  }

  /** @throws CsvError for a quote where none may be. */
  *push(text: string): Generator<CsvRecord, void, void> {
    // A byte order mark may stand before everything else.
    let i = this.#first && text.startsWith('\uFEFF') ? 1 : 0;
    if (text !== '') this.#first = false;
    while (i < text.length) {
      const run = this.#place === 'quoted' ? text.indexOf('"', i) : this.#plainEnd(text, i);
      const end = run === -1 ? text.length : run;
      if (end > i) this.#take(text.slice(i, end));
      if (end < text.length) {
        const record = this.#mark(text[end] as string);
        if (record !== null) yield record;
      }
      i = end + 1;
    }
  }

  /**
   * The record that no line break ended.
   *
   * @throws CsvError for a quote without an end.
   */
  *end(): Generator<CsvRecord, void, void> {
    if (this.#place === 'quoted') throw this.#wrong(this.#began.quote, 'the quote that begins here has no end');
    const record = this.#endRecord();
    if (record !== null) yield record;
  }

  /** Where the next delimiter, quote or line break is. */
  #plainEnd(text: string, from: number): number {
    let i = from;
    for (; i < text.length; i++) {
      const c = text[i];
      if (c === this.#delimiter || c === '"' || c === '\n' || c === '\r') break;
    }
    return i;
  }

  /** Takes characters that mean nothing but themselves. */
  #take(run: string): void {
    if (this.#place === 'quote') {
      throw this.#wrong(this.#line, 'text after the quote that ends a field: quotes within a field are to be doubled');
    }
    if (this.#place === 'quoted') {
      const completes = this.#afterReturn && run.startsWith('\n') ? 1 : 0;
      this.#line += (run.match(/\r\n|\n|\r/g)?.length ?? 0) - completes;
    } else this.#place = 'plain';
    this.#afterReturn = this.#place === 'quoted' && run.endsWith('\r');
    this.#field += run;
  }

  /** Takes a delimiter, a quote or a line break; gives the record that it ends. */
  #mark(c: string): CsvRecord | null {
    const completes = c === '\n' && this.#afterReturn;
    this.#afterReturn = c === '\r';
    if (completes) {
      this.#began = { ...this.#began, record: this.#line };
      return null;
    }
    if (c === '"') {
      if (this.#place === 'plain') {
        throw this.#wrong(
          this.#line,
          'a quote in a field without quotes: put the field in quotes and double the quote',
        );
      }
      if (this.#place === 'quote') this.#field += c;
      else if (this.#place === 'quoted') {
        this.#place = 'quote';
        return null;
      } else this.#began = { ...this.#began, quote: this.#line };
      this.#place = 'quoted';
      return null;
    }
    if (c === this.#delimiter) {
      this.#endField();
      this.#place = 'field';
      return null;
    }
    const record = this.#endRecord();
    this.#line += 1;
    this.#began = { ...this.#began, record: this.#line };
    return record;
  }

  #endField(): void {
    this.#fields.push(this.#field);
    this.#field = '';
  }

  #endRecord(): CsvRecord | null {
    if (this.#place === 'record') return null;
    this.#endField();
    const record = { line: this.#began.record, fields: this.#fields };
    this.#fields = [];
    this.#place = 'record';
    return record;
  }

  #wrong(line: number, text: string): CsvError {
    return new CsvError('csv-quote', `${this.#source}, line ${line}: ${text}`);
  }
}
