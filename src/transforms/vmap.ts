import { movePermutation } from '../lax/rules.ts';
import { broadcastInDim, transpose } from '../lax/structural.ts';
import { aval, showAval } from '../trace/aval.ts';
import { BatchError } from '../trace/errors.ts';
import type { Batched } from '../trace/primitive.ts';
import type { NDArray } from '../trace/value.ts';
import type { TreeDef } from '../tree/tree.ts';
import { isRecord, keystr, leafCount, leafPaths, unflatten } from '../tree/tree.ts';
import { at, range } from '../util/array.ts';
import { batchFlat } from './batch.ts';
import { madeOf } from './makings.ts';
import { flatFunction, flattenArrays, nameOf } from './trees.ts';

/** An axis, null for "not mapped", or a tree of them that is a prefix of the argument's tree. */
export type Axes = number | null | readonly Axes[] | { readonly [key: string]: Axes };

/** Options of {@link vmap}. */
export interface VmapOptions {
  /**
   * Where the batch goes in the results: an axis, null for what is the same for all examples and given once, or a prefix tree
   * of those; default 0.
   */
  readonly outAxes?: Axes;
  /** The batch size; only needed when no argument is mapped. */
  readonly axisSize?: number;
  /** A name for the mapped axis, by which collectives (`lax.psum`, …) in the function refer to it. */
  readonly axisName?: string;
}

/**
 * Makes a function of single examples one of whole batches, by rewriting each operation rather than looping.
 *
 * @param inAxes which axis of each argument holds the batch: one for all arguments, or a list with an entry for each
 *   argument, which may be null (not mapped) or a tree of axes. Default 0.
 * @throws BatchError when mapped axes do not exist or differ in size, naming every argument.
 * @example
 * const norms = vmap((x: NDArray) => np.sqrt(x.mul(x).sum()))(rows); // rows: [n, d] → [n]
 * const perExample = vmap(grad(loss), [null, 0])(params, examples);
 */
export function vmap<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  inAxes: Axes = 0,
  options: VmapOptions = {},
): (...args: A) => R {
  const name = `vmap of ${nameOf(f)}`;
  const { outAxes = 0 } = options;
  const mapped = (...args: A): R => {
    const flat = flattenArrays(args, '');
    const axes = flattenAxes(inAxes, flat.treedef, `${name}: inAxes`);
    const inputs = flat.leaves.map((value, i): Batched => ({ value, axis: normalize(at(axes, i), value.ndim) }));
    const size = batchSize(inputs, flat.treedef, name, options.axisSize);
    const g = flatFunction(f, flat.treedef);
    const outs = batchFlat(name, g.run, inputs, size, options.axisName ?? null);
    const axesOut = flattenAxes(outAxes, g.outTree(), `${name}: outAxes`);
    return unflatten<R>(
      g.outTree(),
      outs.map((o, i) => placed(o, at(axesOut, i), size, name)),
    );
  };
  return madeOf(mapped, f, inAxes === 0 ? 'vmap' : null, options);
}

const normalize = (axis: number | null, rank: number): number | null =>
  axis === null ? null : axis < 0 ? axis + rank : axis;

/** One axis for every leaf, from a prefix tree. */
function flattenAxes(axes: Axes, treedef: TreeDef, what: string): readonly (number | null)[] {
  if (axes === null || typeof axes === 'number') return range(leafCount(treedef)).map(() => axes);
  if (Array.isArray(axes) && treedef.kind === 'tuple' && axes.length === treedef.children.length) {
    return treedef.children.flatMap((c, i) => flattenAxes(at(axes as readonly Axes[], i), c, `${what}[${i}]`));
  }
  if (isRecord(axes) && treedef.kind === 'record') {
    const record = axes as Readonly<Record<string, Axes>>;
    return treedef.children.flatMap((c, i) => {
      const key = at(treedef.keys, i);
      const axis = record[key];
      if (axis === undefined) throw new BatchError(`${what} has no entry for ${JSON.stringify(key)}`);
      return flattenAxes(axis, c, `${what}.${key}`);
    });
  }
  const got = Array.isArray(axes)
    ? `a list of ${axes.length}`
    : `an object with keys {${Object.keys(axes).join(', ')}}`;
  const tree =
    treedef.kind === 'tuple'
      ? `a list of ${treedef.children.length}`
      : treedef.kind === 'record'
        ? `an object with keys {${treedef.keys.join(', ')}}`
        : 'one array';
  throw new BatchError(`${what} is ${got}, which is no prefix of what it describes: ${tree}`);
}

function batchSize(inputs: readonly Batched[], treedef: TreeDef, name: string, given: number | undefined): number {
  const paths = leafPaths(treedef).map(([first, ...rest]) => keystr(rest, `argument ${String(first)}`));
  const describe = (b: Batched, i: number): string =>
    `${paths[i] ?? ''}: ${showAval(b.value.aval)} ${b.axis === null ? 'not mapped' : `along axis ${b.axis}`}`;
  inputs.forEach((b, i) => {
    if (b.axis !== null && (b.axis < 0 || b.axis >= b.value.ndim)) {
      throw new BatchError(`${name}: ${describe(b, i)}, which it does not have`);
    }
  });
  const sizes = inputs.flatMap((b) => (b.axis === null ? [] : [at(b.value.shape, b.axis)]));
  const all = given === undefined ? sizes : [...sizes, given];
  const [size] = all;
  if (size === undefined) throw new BatchError(`${name}: no argument is mapped; give { axisSize }`);
  if (all.every((n) => n === size)) return size;
  throw new BatchError(
    `${name}: mapped axes must have one size${given === undefined ? '' : ` (axisSize is ${given})`}, but they are\n` +
      inputs.map((b, i) => `  ${describe(b, i)}`).join('\n'),
  );
}

/** A result with its batch axis where the caller wants it. */
function placed({ value, axis }: Batched, wanted: number | null, size: number, name: string): NDArray {
  if (wanted === null) {
    if (axis === null) return value;
    throw new BatchError(`${name}: outAxes is null for a result that depends on the batch (${showAval(value.aval)})`);
  }
  const rank = axis === null ? value.ndim + 1 : value.ndim;
  const to = wanted < 0 ? wanted + rank : wanted;
  if (!Number.isInteger(to) || to < 0 || to >= rank) {
    const shape = value.shape.filter((_, a) => a !== axis);
    const example = showAval(aval(shape, value.dtype));
    throw new BatchError(
      `${name}: outAxes is ${wanted} for a result of which one example is ${example}: it must be from ${-rank} to ${rank - 1}`,
    );
  }
  if (axis === null) {
    const shape = [...value.shape.slice(0, to), size, ...value.shape.slice(to)];
    return broadcastInDim(
      value,
      shape,
      range(shape.length).filter((a) => a !== to),
    );
  }
  return transpose(value, movePermutation(value.ndim, axis, to));
}
