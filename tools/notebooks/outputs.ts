import type { DataOutput, Lines, Output, StreamOutput } from './notebook.ts';
import { lines, text } from './notebook.ts';
import type { Message } from './wire.ts';

/** What a message adds to a cell's outputs; null for messages that add nothing. */
export function outputOf({ type, content }: Message): Output | null {
  switch (type) {
    case 'stream':
      return { output_type: type, name: String(content.name), text: String(content.text) };
    case 'display_data':
    case 'execute_result':
      return { output_type: type, data: content.data as DataOutput['data'], metadata: {} };
    case 'error':
      return {
        output_type: type,
        ename: String(content.ename),
        evalue: String(content.evalue),
        traceback: content.traceback as readonly string[],
      };
    default:
      return null;
  }
}

/**
 * Outputs as they are stored: what was printed first, as the kernel may send it earlier or later than what else is shown, then
 * the rest in order; texts as lines. A cell's value has the cell's number.
 */
export function stored(outputs: readonly Output[], count: number): readonly Output[] {
  const streams = ['stdout', 'stderr'].flatMap((name): readonly StreamOutput[] => {
    const printed = outputs.filter((o): o is StreamOutput => o.output_type === 'stream' && o.name === name);
    const all = printed.map((o) => text(o.text)).join('');
    return all === '' ? [] : [{ output_type: 'stream', name, text: lines(all) }];
  });
  const rest = outputs.flatMap((o): readonly Output[] => {
    if (o.output_type === 'stream') return [];
    if (o.output_type === 'error') return [{ ...o, traceback: [] }];
    const data = Object.fromEntries(Object.entries(o.data).map(([mime, value]) => [mime, asLines(value, mime)]));
    if (o.output_type === 'display_data') return [{ output_type: o.output_type, data, metadata: {} }];
    return [{ output_type: o.output_type, data, metadata: {}, execution_count: count }];
  });
  return [...streams, ...rest];
}

const asLines = (value: unknown, mime: string): unknown =>
  typeof value === 'string' && (mime.startsWith('text/') || mime === 'image/svg+xml') ? lines(value) : value;

/** The data of an output by its MIME types, as text; what was printed and errors have types of their own. */
export function partsOf(output: Output): Readonly<Record<string, string>> {
  if (output.output_type === 'stream') return { [output.name]: text(output.text) };
  if (output.output_type === 'error') return { error: `${output.ename}: ${output.evalue}` };
  return Object.fromEntries(
    Object.entries(output.data).map(([mime, value]) => [mime, isLines(value) ? text(value) : JSON.stringify(value)]),
  );
}

const isLines = (value: unknown): value is Lines =>
  typeof value === 'string' || (Array.isArray(value) && value.every((v) => typeof v === 'string'));
