import { dotGeneral } from '../lax/dot.ts';
import { mul } from '../lax/elementwise.ts';
import { padZeros, slice } from '../lax/pieces.ts';
import { broadcastInDim, reduceSum, reshape, transpose } from '../lax/structural.ts';
import { showAval } from '../trace/aval.ts';
import { ArgumentError, ShapeMismatchError } from '../trace/errors.ts';
import type { ArrayLike, NDArray } from '../trace/value.ts';
import { at, product, range } from '../util/array.ts';
import { alike } from './promote.ts';

/** An array with a label for each axis; labels are unique. */
interface Labelled {
  readonly value: NDArray;
  readonly labels: readonly string[];
}

/**
 * Einstein summation: `einsum('ij,jk->ik', a, b)`. Labels that the result does not have are summed over; without `->` the
 * result has the labels that occur once, in alphabetical order. `...` stands for leading axes, which broadcast; a repeated
 * label in one operand takes its diagonal; extents of 1 broadcast. Of bools: is any product true?
 *
 * Operands are contracted in pairs, the pair with the smallest result first (the greedy path of opt_einsum).
 *
 * @throws ArgumentError for subscripts that do not fit the operands; ShapeMismatchError for unequal extents of a label.
 * @example
 * einsum('bij,bjk->bik', x, y); // batched matrix product
 */
export function einsum(subscripts: string, ...operands: readonly ArrayLike[]): NDArray {
  const given = alike(operands);
  // Of bools, whether any product is true: as floats, in which no number of them wraps around to 0.
  const logical = given[0]?.dtype === 'bool';
  const arrays = logical ? given.map((a) => a.astype('f32')) : given;
  const { inputs, output } = parse(subscripts, arrays);
  const extents = extentsOf(subscripts, inputs, arrays);
  let terms = arrays.map((value, i) => withoutOnes(diagonals({ value, labels: at(inputs, i) }), extents));
  while (terms.length > 1) {
    const [i, j] = bestPair(terms, output, extents);
    const others = terms.filter((_, k) => k !== i && k !== j);
    terms = [...others, contractPair(at(terms, i), at(terms, j), others, output)];
  }
  const result = arranged(summed(at(terms, 0), output), output, extents);
  return logical ? result.astype('bool') : result;
}

// ----------------------------------------------------------------------------------------------------- parsing

interface Parsed {
  readonly inputs: readonly (readonly string[])[];
  readonly output: readonly string[];
}

function parse(subscripts: string, arrays: readonly NDArray[]): Parsed {
  const refuse = (why: string): ArgumentError =>
    new ArgumentError(
      `[einsum] ${JSON.stringify(subscripts)} of ${arrays.map((a) => showAval(a.aval)).join(', ')}: ${why}`,
    );
  const compact = subscripts.replace(/\s/g, '');
  if (!/^(?:[A-Za-z,]|\.\.\.)*(?:->(?:[A-Za-z]|\.\.\.)*)?$/.test(compact)) {
    throw refuse("needs letters, commas, '...' and at most one '->'");
  }
  const [left, right] = compact.split('->') as [string, string?];
  const terms = left.split(',');
  if (terms.length !== arrays.length) throw refuse(`has ${terms.length} terms for ${arrays.length} operands`);
  let widest = 0;
  const inputs = terms.map((term, i): readonly string[] => {
    const ndim = at(arrays, i).ndim;
    const [before, after, ...more] = term.split('...') as [string, string?, ...string[]];
    const named = before.length + (after?.length ?? 0);
    if (more.length > 0 || (after === undefined ? named !== ndim : named > ndim)) {
      throw refuse(`term ${JSON.stringify(term)} does not name the ${ndim} axes of operand ${i}`);
    }
    const hidden = after === undefined ? 0 : ndim - named;
    widest = Math.max(widest, hidden);
    return [...before, ...ellipsis(hidden), ...(after ?? '')];
  });
  return { inputs, output: right === undefined ? implicit(inputs, widest) : explicit(right, inputs, widest, refuse) };
}

/** Labels of the axes behind `...`, counted from the last, so that shorter ones broadcast. */
const ellipsis = (n: number): readonly string[] => range(n).map((i) => `.${n - 1 - i}`);

function implicit(inputs: readonly (readonly string[])[], widest: number): readonly string[] {
  const all = inputs.flat().filter((l) => !l.startsWith('.'));
  const once = all.filter((l) => all.indexOf(l) === all.lastIndexOf(l));
  return [...ellipsis(widest), ...once.sort()];
}

function explicit(
  right: string,
  inputs: readonly (readonly string[])[],
  widest: number,
  refuse: (why: string) => ArgumentError,
): readonly string[] {
  const [before, after] = right.split('...') as [string, string?];
  const output = [...before, ...(after === undefined ? [] : ellipsis(widest)), ...(after ?? '')];
  const unknown = output.find((l) => !inputs.some((labels) => labels.includes(l)));
  if (unknown !== undefined) throw refuse(`the result's label ${unknown} is in no operand`);
  if (new Set(output).size !== output.length) throw refuse('the result repeats a label');
  return output;
}

function extentsOf(
  subscripts: string,
  inputs: readonly (readonly string[])[],
  arrays: readonly NDArray[],
): ReadonlyMap<string, number> {
  const extents = new Map<string, number>();
  inputs.forEach((labels, i) =>
    labels.forEach((label, axis) => {
      const n = at(at(arrays, i).shape, axis);
      const known = extents.get(label) ?? 1;
      if (n !== known && n !== 1 && known !== 1) {
        const name = label.startsWith('.') ? 'an axis behind ...' : `label ${label}`;
        throw new ShapeMismatchError(
          `[einsum] ${JSON.stringify(subscripts)} of ${arrays.map((a) => showAval(a.aval)).join(', ')}: ${name} has ` +
            `extents ${known} and ${n}; they must be equal or 1`,
        );
      }
      extents.set(label, known === 1 ? n : known);
    }),
  );
  return extents;
}

// --------------------------------------------------------------------------------------------------- one operand

/** Takes diagonals until no label is repeated. */
function diagonals({ value, labels }: Labelled): Labelled {
  const second = labels.findIndex((l, i) => labels.indexOf(l) < i);
  if (second < 0) return { value, labels };
  const first = labels.indexOf(at(labels, second));
  const others = range(value.ndim).filter((a) => a !== first && a !== second);
  const n = at(value.shape, first);
  const outer = others.map((a) => at(value.shape, a));
  // Elements n + 1 apart in the flattened last two axes.
  const flat = reshape(transpose(value, [...others, first, second]), [...outer, n * n]);
  const whole = padZeros(flat, { low: flat.shape.map(() => 0), high: flat.shape.map((_, a) => (a === outer.length ? n : 0)), interior: flat.shape.map(() => 0) }); // prettier-ignore
  const rows = reshape(whole, [...outer, n, n + 1]);
  const picked = slice(rows, rows.shape.map(() => 0), [...outer, n, n === 0 ? 0 : 1]); // prettier-ignore
  return diagonals({
    value: reshape(picked, [...outer, n]),
    labels: [...others.map((a) => at(labels, a)), at(labels, first)],
  });
}

/** Drops axes of extent 1 that other operands have longer: they broadcast. */
function withoutOnes({ value, labels }: Labelled, extents: ReadonlyMap<string, number>): Labelled {
  const kept = range(labels.length).filter((a) => value.shape[a] === extents.get(at(labels, a)));
  return {
    value: reshape(
      value,
      kept.map((a) => at(value.shape, a)),
    ),
    labels: kept.map((a) => at(labels, a)),
  };
}

/** Sums over labels that are not in `needed`. */
function summed({ value, labels }: Labelled, needed: readonly string[]): Labelled {
  const axes = range(labels.length).filter((a) => !needed.includes(at(labels, a)));
  return { value: reduceSum(value, axes), labels: labels.filter((l) => needed.includes(l)) };
}

/** In the order of the result's labels; labels that were dropped as ones are broadcast. */
function arranged(
  { value, labels }: Labelled,
  output: readonly string[],
  extents: ReadonlyMap<string, number>,
): NDArray {
  const present = output.filter((l) => labels.includes(l));
  const ordered = transpose(
    value,
    present.map((l) => labels.indexOf(l)),
  );
  return broadcastInDim(
    ordered,
    output.map((l) => extents.get(l) ?? 1),
    present.map((l) => output.indexOf(l)),
  );
}

// -------------------------------------------------------------------------------------------------------- pairs

const sizeOfLabels = (labels: readonly string[], extents: ReadonlyMap<string, number>): number =>
  product(labels.map((l) => extents.get(l) ?? 1));

/** The labels of a pair's product: those that the result or another operand needs. */
function pairLabels(
  a: Labelled,
  b: Labelled,
  others: readonly Labelled[],
  output: readonly string[],
): readonly string[] {
  const needed = new Set([...output, ...others.flatMap((t) => t.labels)]);
  return [...new Set([...a.labels, ...b.labels])].filter((l) => needed.has(l));
}

/** The pair whose product is smallest beside what it replaces. */
function bestPair(
  terms: readonly Labelled[],
  output: readonly string[],
  extents: ReadonlyMap<string, number>,
): readonly [number, number] {
  let best: readonly [number, number] = [0, 1];
  let least = Infinity;
  for (const i of range(terms.length)) {
    for (let j = i + 1; j < terms.length; j++) {
      const [a, b] = [at(terms, i), at(terms, j)];
      const others = terms.filter((_, k) => k !== i && k !== j);
      const made = sizeOfLabels(pairLabels(a, b, others, output), extents);
      const cost = made - a.value.size - b.value.size;
      if (cost < least) [best, least] = [[i, j], cost];
    }
  }
  return best;
}

function contractPair(a: Labelled, b: Labelled, others: readonly Labelled[], output: readonly string[]): Labelled {
  const result = pairLabels(a, b, others, output);
  const shared = a.labels.filter((l) => b.labels.includes(l));
  // What only one operand has and nobody needs is summed before, which is cheaper.
  const [x, y] = [summed(a, [...result, ...shared]), summed(b, [...result, ...shared])];
  const batch = shared.filter((l) => result.includes(l));
  const contracting = shared.filter((l) => !result.includes(l));
  if (contracting.length === 0 && batch.length === x.labels.length && batch.length === y.labels.length) {
    const order = x.labels.map((l) => y.labels.indexOf(l));
    return { value: mul(x.value, transpose(y.value, order)), labels: x.labels };
  }
  const axesIn = (t: Labelled, labels: readonly string[]): readonly number[] => labels.map((l) => t.labels.indexOf(l));
  const free = (t: Labelled): readonly string[] => t.labels.filter((l) => !shared.includes(l));
  return {
    value: dotGeneral(x.value, y.value, {
      contracting: [axesIn(x, contracting), axesIn(y, contracting)],
      batch: [axesIn(x, batch), axesIn(y, batch)],
    }),
    labels: [...batch, ...free(x), ...free(y)],
  };
}
