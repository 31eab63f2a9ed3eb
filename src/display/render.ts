import type { ClosedJaxpr } from '../trace/jaxpr.ts';
import { isJaxpr } from '../trace/jaxpr.ts';
import { showAval } from '../trace/aval.ts';
import { NDArray } from '../trace/value.ts';
import type { Inspection } from '../transforms/stages.ts';
import type { MimeBundle } from '../util/display.ts';
import type { Shown } from './array.ts';
import { showArray } from './array.ts';
import { caption, escape } from './html.ts';
import { showJaxpr } from './jaxpr.ts';
import { showInspection } from './program.ts';
import type { ShowOptions } from './show.ts';
import { showTree } from './tree.ts';

/** A value as HTML, and as text for where that can't be shown. */
export async function render(value: unknown, options: ShowOptions): Promise<MimeBundle> {
  const { html, text } = await shown(value, options);
  const { title } = options;
  const above = title === undefined ? '' : caption(`<b>${escape(title)}</b>`);
  return { 'text/plain': title === undefined ? text : `${title}\n${text}`, 'text/html': `${above}${html}\n` };
}

function shown(value: unknown, options: ShowOptions): Shown | Promise<Shown> {
  if (value instanceof NDArray) return showKnown(value, options);
  if (isInspection(value)) return showInspection(value);
  if (isClosedJaxpr(value)) return showJaxpr(value);
  return showTree(value);
}

/** An array with elements; a tracer, and what was deleted, has only a type. */
function showKnown(x: NDArray, options: ShowOptions): Shown | Promise<Shown> {
  const known = x.concrete();
  if (known !== null && !known.isDeleted()) return showArray(known, options);
  return { html: `<code>${escape(String(x))}</code> ${escape(showAval(x))}`, text: String(x) };
}

const isInspection = (x: unknown): x is Inspection =>
  (typeof x === 'object' || typeof x === 'function') && x !== null && 'costAnalysis' in x && 'program' in x;

const isClosedJaxpr = (x: unknown): x is ClosedJaxpr =>
  typeof x === 'object' && x !== null && 'jaxpr' in x && isJaxpr(x.jaxpr) && 'constants' in x;
