import { showAval } from '../trace/aval.ts';
import type { NDArray } from '../trace/value.ts';
import { unflatten } from '../tree/tree.ts';
import { PullbackError } from '../util/error.ts';
import type { Blame } from './blame.ts';
import { describeBlame } from './blame.ts';
import { show } from './derivatives.ts';
import { arrayText, callText, functionText, testText, treeText } from './paste.ts';
import type { Subject } from './subject.ts';

/** What a rule is called that is to blame, for programs. */
export type BlamedRule = Pick<Blame, 'rule' | 'primitive' | 'custom' | 'operand' | 'within' | 'line'>;

/**
 * A law that a function breaks: its gradient is not what its values say, its batches are not a loop, … The message has the
 * numbers, the rule to blame, the arguments rounded, and a test to paste.
 */
export class BrokenLawError extends PullbackError {
  /** The rule of the operation that is to blame; null where each operation is right by itself. */
  readonly blame: BlamedRule | null;
  /** A test that fails in the same way, as source text. */
  readonly test: string;

  constructor(message: string, blame: BlamedRule | null, test: string) {
    super('broken-law', message);
    this.blame = blame;
    this.test = test;
  }
}

/** The error of a check. */
export interface Failure {
  /** The function that checks: `checkGrads`. */
  readonly check: string;
  readonly subject: Subject;
  /** What is wrong. */
  readonly fault: string;
  readonly blame: Blame | null;
  /** The options of the call, as source text. */
  readonly options: string;
  /** What the operation that is to blame is checked with by itself. */
  readonly alone?: { readonly check: string; readonly options: string };
  /** What to think where no operation is wrong by itself. */
  readonly otherwise?: string;
}

/** What to think where every operation by itself is right. */
const impure =
  'The function may depend on something that is not its argument (a counter, a random number of JavaScript, a value that is ' +
  'read by JS control flow)';
const nobody = `no single operation, each is right by itself. ${impure}`;
/** What to think where operations are right by themselves, as closely as they are computed. */
export const amplified = `${nobody}, or make small differences of rounding large`;

/** The error that says everything. */
export async function brokenLaw(failure: Failure): Promise<BrokenLawError> {
  const { check, subject, fault, blame, options, otherwise = nobody } = failure;
  const test = await testFor(failure);
  const parts = [
    `${check} of ${subject.name}: ${fault}`,
    ...(await Promise.all(subject.xs.map(async (x, i) => `${subject.paths[i] ?? ''} = ${await valueText(x)}`))),
    ...(blame === null ? [`to blame: ${otherwise}.`] : describeBlame(blame).split('\n')),
    ...(options === '' ? [] : [`options: ${options}`]),
  ];
  const message = `${parts.join('\n  ')}\n\nA test to paste:\n\n${test}\n`;
  return new BrokenLawError(message, blame === null ? null : told(blame), test);
}

/** Options as source text. */
export function optionsText(options: object): string {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  if (given.length === 0) return '';
  return `{ ${given.map(([k, v]) => `${k}: ${JSON.stringify(v).replaceAll('"', "'")}`).join(', ')} }`;
}

const told = ({ rule, primitive, custom, operand, within, line }: Blame): BlamedRule => ({ rule, primitive, custom, operand, within, line }); // prettier-ignore

/** The type of an array and its values, rounded; of many the first. */
async function valueText(x: NDArray): Promise<string> {
  const values = Array.from(await x.data(), show);
  const shown = values.slice(0, 12);
  return `${showAval(x.aval)} [${shown.join(', ')}${values.length > shown.length ? ', …' : ''}]`;
}

/** A test of the one operation, where that can be written; else of the user's function. */
async function testFor({ check, subject, blame, options, alone }: Failure): Promise<string> {
  const hasTest = blame !== null && blame.custom === null && blame.step.equation.primitive.derivative.kind !== 'zero';
  const call = hasTest && alone !== undefined ? callText(blame.step) : null;
  if (blame !== null && alone !== undefined && call !== null) {
    const args = await Promise.all(blame.step.inputs.map(arrayText));
    return testText(`${blame.primitive} by itself`, alone.check, call, `[${args.join(', ')}]`, alone.options, '');
  }
  const { of, uses, note } = functionText(subject.f, subject.name);
  // Leaves as they are in the tree of the arguments.
  const args = await treeText(unflatten(subject.treedef, subject.xs), subject.xs.values());
  return testText(`${check} of ${subject.name}`, check, of, args, options, note, uses);
}
