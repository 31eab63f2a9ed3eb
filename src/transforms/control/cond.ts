import { isFloat, isInteger } from '../../kernel/dtype.ts';
import { like, max, min, ne } from '../../lax/elementwise.ts';
import { asPositions, convertElementType } from '../../lax/casts.ts';
import { asArray } from '../../trace/asarray.ts';
import type { Aval } from '../../trace/aval.ts';
import { aval, sameShape, showAval } from '../../trace/aval.ts';
import { bind } from '../../trace/context.ts';
import { ArgumentError, BranchTypeError } from '../../trace/errors.ts';
import { evalJaxpr } from '../../trace/interpret.ts';
import type { Atom } from '../../trace/jaxpr.ts';
import { Literal } from '../../trace/jaxpr.ts';
import { disableJit } from '../../trace/switches.ts';
import type { ArrayLike, NDArray } from '../../trace/value.ts';
import type { TreeDef } from '../../tree/tree.ts';
import { firstDifference, keystr, leafPaths, unflatten } from '../../tree/tree.ts';
import { at } from '../../util/array.ts';
import { inputAvals, nonNull, outputAvals } from '../jaxpr-rules.ts';
import type { ArrayTree } from '../trees.ts';
import { flattenArrays, nameOf, withArrays } from '../trees.ts';
import type { Staged } from './body.ts';
import { stageBody } from './body.ts';
import { unified } from './cond-bodies.ts';
import { condP } from './cond-primitive.ts';
import { noteBranches } from './keys.ts';

/**
 * Applies one of two functions to the operands, as a scalar decides that may be known at run time only. Only the one
 * that is taken runs, except under `vmap` over `pred`: then both run, and each example takes its own results.
 *
 * Both functions are traced. Both are differentiated; what is not taken gets zeros, and can't bring in NaN.
 *
 * @param pred a scalar; a number means `pred != 0`.
 * @returns what the function that is taken returns; both must return the same structure, shapes and dtypes.
 * @throws BranchTypeError when they do not.
 * @throws ArgumentError when `pred` is no scalar.
 * @example
 * const safeLog = (x: NDArray) => lax.cond(x.gt(0), (v) => np.log(v), (v) => np.zerosLike(v), x);
 */
export function cond<A extends readonly unknown[], R>(
  pred: ArrayLike,
  onTrue: (...operands: A) => R,
  onFalse: (...operands: A) => R,
  ...operands: A
): R {
  const p = asArray(pred, 'cond');
  if (p.ndim !== 0) {
    throw new ArgumentError(
      `[cond] pred must be a scalar, got ${showAval(p.aval)}. To choose element by element use numpy.where; ` +
        'to have one choice for each example, vmap the function that calls cond.',
    );
  }
  if (disableJit.on && p.concrete() !== null) return directly(Number(p) !== 0 ? onTrue : onFalse, operands);
  const isTrue = p.dtype === 'bool' ? p : ne(p, like(p, 0));
  return oneOf('cond', convertElementType(isTrue, 'i32'), [onFalse, onTrue], operands);
}

/**
 * Applies one of several functions to the operands: number `index`, or the first or the last one where that is out of
 * range. As {@link cond} otherwise.
 *
 * @param index an integer scalar.
 * @throws BranchTypeError when the functions do not return the same structure, shapes and dtypes.
 * @throws ArgumentError when `index` is no integer scalar, or there are no functions.
 * @example
 * const activation = (kind: NDArray, x: NDArray) => lax.switchCase(kind, [nn.relu, np.tanh, np.sin], x);
 */
export function switchCase<A extends readonly unknown[], R>(
  index: ArrayLike,
  branches: readonly ((...operands: A) => R)[],
  ...operands: A
): R {
  const i =
    typeof index === 'number' && Number.isInteger(index)
      ? convertElementType(asArray(index), 'i32')
      : asPositions(asArray(index, 'switchCase'));
  if (i.ndim !== 0 || !isInteger(i.dtype)) {
    throw new ArgumentError(
      `[switchCase] index must be an integer scalar, got ${showAval(i.aval)}; cast it (i.astype('i32'))`,
    );
  }
  const n = branches.length;
  if (n === 0) throw new ArgumentError('[switchCase] needs at least one function to choose from');
  if (n === 1) return directly(at(branches, 0), operands);
  if (disableJit.on && i.concrete() !== null) {
    return directly(at(branches, Math.min(Math.max(Number(i), 0), n - 1)), operands);
  }
  const inRange = max(min(i, like(i, n - 1)), like(i, 0));
  return oneOf('switchCase', convertElementType(inRange, 'i32'), branches, operands);
}

/** Calls a branch on arrays, as if it had been traced. */
const directly = <A extends readonly unknown[], R>(f: (...operands: A) => R, operands: A): R =>
  withArrays(f(...withArrays(operands, `operands of ${nameOf(f)}`)), `the result of ${nameOf(f)}`);

function oneOf<A extends readonly unknown[], R>(
  what: string,
  index: NDArray,
  functions: readonly ((...operands: A) => R)[],
  operands: A,
): R {
  const flat = flattenArrays(operands, `operands of ${what}`);
  const staged = functions.map((f) => stageBranch(what, f, flat));
  const treedef = commonTree(what, functions, staged);
  const types = commonTypes(what, functions, staged, treedef);
  const { branches, constants } = unified(staged.map((s) => cast(s, types).callable));
  const uses = nonNull(staged.map((s) => s.keyUses));
  if (uses.length > 0) noteBranches(what, uses, flat.leaves);
  const outs = bind(condP, [index, ...constants, ...flat.leaves], { branches });
  return unflatten<R>(treedef, outs);
}

function stageBranch<A extends readonly unknown[]>(
  what: string,
  f: (...operands: A) => unknown,
  { leaves, treedef }: ArrayTree,
): Staged<TreeDef> {
  return stageBody(
    `${what} of ${nameOf(f)}`,
    (xs): readonly [readonly NDArray[], TreeDef] => {
      const result = flattenArrays(f(...unflatten<A>(treedef, xs)), `the result of ${nameOf(f)}`);
      return [result.leaves, result.treedef];
    },
    leaves.map((x) => x.aval),
  );
}

type Named = readonly { readonly name: string }[];

const branchName = (functions: Named, i: number): string => {
  const { name } = at(functions, i);
  return name === '' ? `branch ${i}` : `branch ${i} (${name})`;
};

function commonTree(what: string, functions: Named, staged: readonly Staged<TreeDef>[]): TreeDef {
  const first = at(staged, 0).more;
  staged.forEach((s, i) => {
    const difference = firstDifference(first, s.more);
    if (difference === null) return;
    throw new BranchTypeError(
      `[${what}] all branches must return one structure, but ${branchName(functions, 0)} and ` +
        `${branchName(functions, i)} differ, ${difference}`,
    );
  });
  return first;
}

/** The types that all branches' results get: weakly typed ones adapt to the others. */
function commonTypes(
  what: string,
  functions: Named,
  staged: readonly Staged<TreeDef>[],
  treedef: TreeDef,
): readonly Aval[] {
  const outs = staged.map((s) => outputAvals(s.callable.jaxpr));
  const types = at(outs, 0).map((first, k): Aval => {
    const strong = outs.map((o) => at(o, k)).find((a) => !a.weakType);
    return strong === undefined ? first : aval(first.shape, strong.dtype);
  });
  types.forEach((type, k) => {
    staged.forEach((s, i) => {
      const own = at(at(outs, i), k);
      if (sameShape(own.shape, type.shape) && adapts(own, type, at(s.callable.jaxpr.outputs, k))) return;
      const path = keystr(leafPaths(treedef)[k] ?? []);
      const all = outs.map((o, b) => `  ${branchName(functions, b)}: ${showAval(at(o, k))}`).join('\n');
      throw new BranchTypeError(
        `[${what}] all branches must return arrays of the same shapes and dtypes, but${path === '' ? '' : ` at ${path}`} they return\n${all}\n` +
          "Cast (x.astype('f32')), reshape or broadcast what differs.",
      );
    });
  });
  return types;
}

/** Can a result become one of this dtype without being asked? */
function adapts(own: Aval, type: Aval, out: Atom): boolean {
  if (own.dtype === type.dtype) return true;
  if (!own.weakType) return false;
  return isFloat(type.dtype) || (isInteger(type.dtype) && out instanceof Literal && Number.isInteger(out.value));
}

function cast<M>(staged: Staged<M>, types: readonly Aval[]): Staged<M> {
  const { jaxpr, constants } = staged.callable;
  const fits = outputAvals(jaxpr).every(
    (a, k) => a.dtype === at(types, k).dtype && a.weakType === at(types, k).weakType,
  );
  if (fits) return staged;
  const { callable } = stageBody(
    'branch',
    (xs): readonly [readonly NDArray[], null] => [
      evalJaxpr(jaxpr, [], xs).map((x, k) => convertElementType(x, at(types, k).dtype, at(types, k).weakType)),
      null,
    ],
    inputAvals(jaxpr),
  );
  return { ...staged, callable: { jaxpr: callable.jaxpr, constants } };
}
