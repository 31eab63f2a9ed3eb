import type { Notebook, Output } from './notebook.ts';
import { partsOf } from './outputs.ts';

/**
 * How the outputs of a cell are compared with the stored ones, as its tags say:
 * - `timing`: there must be as many, of the same kinds; what they say may differ.
 * - `tolerance=1e-3`: numbers a and b may differ by 1e-3 · max(1, |a|, |b|); the text around them may not, nor may two whole
 *   numbers. Without the tag the tolerance is that of the notebook's metadata, `"pullback": { "tolerance": 1e-3 }`, or 0: texts
 *   are the same.
 *
 * Pictures and drawings, in HTML too, are the same if they have the same size; how HTML is styled does not matter.
 */
export interface Rule {
  readonly timing: boolean;
  readonly tolerance: number;
}

export function ruleOf(tags: readonly string[], metadata: Notebook['metadata'] = {}): Rule {
  const given = tags.find((t) => t.startsWith('tolerance='));
  const tolerance =
    given === undefined ? (metadata.pullback?.tolerance ?? 0) : Number(given.slice('tolerance='.length));
  if (!(tolerance >= 0)) throw new Error(`${given ?? 'the tolerance in the metadata'} is no tolerance`);
  return { timing: tags.includes('timing'), tolerance };
}

/** Where outputs are not those that are stored, in a line; null where they are. */
export function difference(before: readonly Output[], after: readonly Output[], rule: Rule): string | null {
  const kinds = (outputs: readonly Output[]): string =>
    outputs.map((o) => Object.keys(partsOf(o)).sort().join('+')).join(', ') || 'nothing';
  if (kinds(before) !== kinds(after)) return `stored: ${kinds(before)}; now: ${kinds(after)}`;
  if (rule.timing) return null;
  for (const [i, output] of before.entries()) {
    const [was, is] = [partsOf(output), partsOf(after[i] ?? output)];
    for (const [mime, text] of Object.entries(was)) {
      const found = mime.startsWith('image/') ? null : textDifference(mime, text, is[mime] ?? '', rule.tolerance);
      if (found !== null) return `${mime}, ${found}`;
    }
  }
  return null;
}

function textDifference(mime: string, before: string, after: string, tolerance: number): string | null {
  const [was, is] = [before, after].map((t) => (mime === 'text/html' ? withoutPictures(t) : t).split('\n')) as [
    string[],
    string[],
  ];
  for (let i = 0; i < Math.max(was.length, is.length); i++) {
    const [old, now] = [was[i], is[i]];
    if (old === undefined || now === undefined || !sameLine(old, now, tolerance)) {
      return `line ${i + 1}\n    stored: ${shown(old)}\n    now:    ${shown(now)}`;
    }
  }
  return null;
}

const shown = (line: string | undefined): string =>
  line === undefined ? '(no such line)' : line.length > 200 ? `${line.slice(0, 200)}…` : line;

/** Drawings and pictures by their sizes. */
const withoutPictures = (html: string): string =>
  html
    .replace(/ style="[^"]*"/g, '')
    .replace(/<svg\b([^>]*)>[\s\S]*?<\/svg>/g, (_, attributes: string) => `[drawing ${sizeIn(attributes)}]`)
    .replace(/<img\b([^>]*)>/g, (_, attributes: string) => `[picture ${sizeIn(attributes)}]`);

const sizeIn = (attributes: string): string =>
  ['width', 'height'].map((name) => new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? '?').join('×');

const number = /-?\b\d+(?:\.\d+)?(?:[eE][-+]?\d+)?\b/g;

function sameLine(before: string, after: string, tolerance: number): boolean {
  if (before === after) return true;
  if (tolerance === 0 || before.replace(number, '#') !== after.replace(number, '#')) return false;
  const [was, is] = [before.match(number) ?? [], after.match(number) ?? []];
  return was.every((old, i) => {
    const now = is[i] ?? '';
    if (old === now) return true;
    const [a, b] = [Number(old), Number(now)];
    const whole = /^-?\d+$/.test(old) && /^-?\d+$/.test(now);
    return !whole && Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a), Math.abs(b));
  });
}
