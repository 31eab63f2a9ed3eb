import { showAval } from '../../trace/aval.ts';
import type { PathStep } from '../../tree/tree.ts';
import { keystr } from '../../tree/tree.ts';
import { coordinateOf, range } from '../../util/array.ts';
import type { Origin } from '../../util/origin.ts';
import type { Station } from './blame.ts';
import { operationOf } from './blame.ts';
import type { Reading } from './elements.ts';
import { readsOf } from './elements.ts';
import type { Operation } from './watch.ts';

/** One operation on the way of a NaN or an infinity. */
export interface NanStep {
  /** The primitive, as a Jaxpr names it: `log`; or `argument` or `constant` for a value that was given. */
  readonly operation: string;
  /**
   * What it was computed for: the function's values, the `derivative` of an operation (which its tangent is multiplied by),
   * tangents, or cotangents (`backward`).
   */
  readonly phase: 'forward' | 'derivative' | 'tangent' | 'backward';
  /** NaN or an infinity. */
  readonly value: number;
  /** The array that has it, as `f32[2,3]`, and where. */
  readonly type: string;
  readonly position: readonly number[];
  /**
   * The elements that it was computed with. Of many, as in a product of matrices, those of the first terms that are NaN or
   * infinite; null where there is none, or it can't be told.
   */
  readonly operands: readonly number[] | null;
  /** The user's line, as `at loss (/home/me/train.ts:12:9)`. */
  readonly line: string | null;
  /** The named scopes around it: `encoder/attention`; empty outside of any. */
  readonly scope: string;
  /**
   * Of each loop around it, outermost first, in which iteration it was, counted from 0; of a scan, which of the slices of its
   * xs that iteration reads. Empty outside of loops.
   */
  readonly iterations: readonly number[];
  /** In words, without the line. */
  readonly text: string;
}

/** What `explainNan` found. */
export interface NanReport {
  /** Which element of the results it is about, as `the result.w at [0, 2]`; null if all results are finite. */
  readonly result: string | null;
  /** The operation that made the first NaN or infinity of those on the way to that element. */
  readonly first: NanStep | null;
  /** From that operation to the result. */
  readonly steps: readonly NanStep[];
  /** What to do about it, where that is known. */
  readonly hint: string | null;
  /** All of it for people. */
  toString(): string;
}

/** Where in the results a NaN or an infinity is. */
export interface Finding {
  readonly path: readonly PathStep[];
  readonly way: readonly Station[];
  /** The selection that hid it, going forward. */
  readonly selection: Operation | null;
}

/** More operands than this are not listed. */
const fewOperands = 4;

/** The report on a function called `name`. */
export function reportOf(name: string, finding: Finding | null): NanReport {
  if (finding === null) {
    const text = `explainNan of ${name}: every element of its results is finite`;
    return { result: null, first: null, steps: [], hint: null, toString: () => text };
  }
  const { path, way, selection } = finding;
  const steps = way.map(stepOf);
  const last = steps.at(-1) as NanStep;
  const result = `${keystr(path, 'the result')}${positionText(last.position)}`;
  const hint = selection === null ? null : doubleWhere(selection, steps);
  return {
    result,
    first: steps[0] ?? null,
    steps,
    hint,
    toString: () =>
      [
        `explainNan of ${name}: ${result} is ${last.value}`,
        ...told(steps),
        ...(hint === null ? [] : [`  hint: ${hint}`]),
      ].join('\n'),
  };
}

function stepOf({ of, position, value, reading }: Station): NanStep {
  const { aval } = of.array;
  const where = coordinateOf(position, aval.shape);
  const made = operationOf(of);
  const common = { value, type: showAval(aval), position: where };
  const at = `${showAval(aval)}${positionText(where)}`;
  if (made === null) {
    const argument = of.source !== null && 'argument' in of.source ? of.source.argument : null;
    const text =
      argument === null
        ? `a constant that the function reads is ${value}, ${at}`
        : `${argument} is ${value} itself, ${at}`;
    const operation = argument === null ? 'constant' : 'argument';
    return { ...common, operation, phase: 'forward', operands: null, line: null, scope: '', iterations: [], text };
  }
  const { primitive, phase, origin, iterations } = made.operation;
  const { operands, call } = callOf(primitive.name, reading);
  const purpose = { forward: '', derivative: '', tangent: ', in a tangent', backward: ', going backward' }[phase.kind];
  const why = phase.kind === 'derivative' ? `, in the derivative of ${phase.of}` : purpose;
  const [line, scope] = [lineOf(origin), origin?.scope ?? ''];
  const text = `${call} gave ${value}, ${at}${why}${iterationText(iterations)}`;
  return { ...common, operation: primitive.name, phase: phase.kind, operands, line, scope, iterations, text };
}

/** The elements that were read, and the call with them: `log(0)`, `dotGeneral(Infinity · 0, …)`. */
function callOf(
  name: string,
  reading: Reading | null,
): { readonly operands: readonly number[] | null; readonly call: string } {
  // prettier-ignore
  if (reading === null) return { operands: null, call: name };
  const all = reading.count > fewOperands ? null : readsOf(reading);
  const few = all !== null && all.length > 0 && all.length <= fewOperands;
  if (reading.monoid === null) {
    const operands = few ? all.map((r) => r.value) : null;
    return { operands, call: operands === null ? name : `${name}(${operands.map(number).join(', ')})` };
  }
  const told = few ? range(reading.count) : reading.decisive;
  if (told.length === 0) return { operands: null, call: `${name} of ${reading.count} finite terms` };
  const terms = told.map(reading.term);
  const listed = terms.map(({ factors }) => factors.map(number).join(' · '));
  return {
    operands: terms.flatMap(({ reads }) => reads.map((r) => r.value)),
    call: `${name}(${[...listed, ...(told.length < reading.count ? ['…'] : [])].join(', ')})`,
  };
}

function iterationText(iterations: readonly number[]): string {
  const [only, ...more] = iterations;
  if (only === undefined) return '';
  return more.length === 0 ? `, in iteration ${only}` : `, in iteration [${iterations.join(', ')}] of loops in loops`;
}

const lineOf = (origin: Origin | null): string | null => origin?.line() ?? null;

const positionText = (position: readonly number[]): string =>
  position.length === 0 ? '' : ` at [${position.join(', ')}]`;

const number = (x: number): string => (Object.is(x, -0) ? '-0' : String(Number(x.toPrecision(7))));

/** The first step, and those at which something changes: an infinity becomes NaN, the way goes backward. */
function told(steps: readonly NanStep[]): readonly string[] {
  const lines: string[] = [];
  let skipped = 0;
  steps.forEach((step, i) => {
    const before = steps[i - 1];
    const turns = before === undefined || !Object.is(before.value, step.value) || before.phase !== step.phase;
    if (!turns) {
      skipped += 1;
      return;
    }
    const place = `${step.line === null ? '' : ` [${step.line}]`}${step.scope === '' ? '' : ` in ${step.scope}`}`;
    if (skipped > 0) lines.push(carried(skipped));
    skipped = 0;
    lines.push(`  ${before === undefined ? 'first' : 'then'}: ${step.text}${place}`);
  });
  return skipped === 0 ? lines : [...lines, carried(skipped)];
}

const carried = (n: number): string => `  … ${n} more operation${n === 1 ? '' : 's'} passed it on`;

function doubleWhere(selection: Operation, steps: readonly NanStep[]): string {
  const line = lineOf(selection.origin);
  const product = steps.find((s) => s.phase === 'backward' && Number.isNaN(s.value));
  const nan = product?.operands === null || product === undefined ? '0 times what is not finite' : product.text.split(' gave')[0]; // prettier-ignore
  return (
    `the where${line === null ? '' : ` ${line}`} does not choose this value here, so its cotangent is 0, but ${nan} is NaN all the same. ` +
    'A branch that is not taken must have a finite derivative too: choose its operand as well (double where), ' +
    'np.where(ok, f(np.where(ok, x, 1)), other), with a number in place of 1 at which f is smooth.'
  );
}
