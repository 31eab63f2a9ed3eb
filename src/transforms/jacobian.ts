import { add, eq } from '../lax/elementwise.ts';
import { movePermutation } from '../lax/rules.ts';
import { convertElementType } from '../lax/casts.ts';
import { broadcastedIota } from '../lax/iota.ts';
import { slice } from '../lax/pieces.ts';
import { fill, reshape, toFront, transpose, zerosOf } from '../lax/structural.ts'; // prettier-ignore
import type { Aval } from '../trace/aval.ts';
import { sizeOf } from '../trace/aval.ts';
import type { TreeOf } from '../trace/tree-of.ts';
import type { NDArray } from '../trace/value.ts';
import { keystr, unflatten } from '../tree/tree.ts';
import { at } from '../util/array.ts';
import type { ArgnumsOf, DynamicArgnum, First, GradientOf } from './argnums.ts';
import type { AtPoint } from './at-point.ts';
import { atChosen } from './at-point.ts';
import { batchFlat } from './batch.ts';
import { requireFloats } from './checks.ts';
import type { GradOptions } from './grad.ts';
import { jvpFlat } from './jvp.ts';
import { linearizeFlat } from './linearize.ts';
import { madeOf } from './makings.ts';
import { transposeLinear } from './transpose.ts';
import type { HasAux, MayHaveAux } from './with-aux.ts';

type Fn<A extends readonly unknown[], R> = (...args: A) => R;
type AnyFn = Fn<readonly unknown[], unknown>;

/** A tree like the function's result, each leaf of which is a tree like what the derivative is by. */
export type JacobianOf<A extends readonly unknown[], R, N> = TreeOf<R, GradientOf<A, N>>;

/** The values of a function's results that have a Jacobian, and its blocks: by result, then by argument. */
interface Blocks {
  readonly results: readonly NDArray[];
  readonly blocks: readonly (readonly NDArray[])[];
}

/** A Jacobian by some way of computing its blocks. */
const jacobianBy =
  (transformation: string, blocksOf: (f: AtPoint) => Blocks) =>
  (f: AnyFn, options: GradOptions & MayHaveAux = {}): AnyFn => {
    const { argnums = 0, hasAux = false } = options;
    const jacobianOf: AnyFn = (...args) => {
      const point = atChosen(transformation, f, args, argnums, hasAux);
      const { results, blocks } = blocksOf(point);
      const jacobian = unflatten(
        point.outTree(),
        blocks.map((row) => unflatten(point.treedef, row)),
      );
      return hasAux ? [jacobian, point.auxOf(results)] : jacobian;
    };
    return madeOf(jacobianOf, f, transformation, options);
  };

/** The unit vectors of the space of all arrays of these types together: for each type [n, ...shape]. */
function basis(avals: readonly Aval[]): { readonly vectors: readonly NDArray[]; readonly n: number } {
  const n = avals.reduce((sum, a) => sum + sizeOf(a.shape), 0);
  let offset = 0;
  const vectors = avals.map(({ shape, dtype }) => {
    const grid = [n, sizeOf(shape)];
    const positions = add(broadcastedIota('i32', grid, 1), fill(grid, 'i32', offset));
    offset += sizeOf(shape);
    return reshape(convertElementType(eq(broadcastedIota('i32', grid, 0), positions), dtype), [n, ...shape]);
  });
  return { vectors, n };
}

/** What unit vectors were mapped to, [n, ...], in pieces for each of the types that the vectors are of. */
function pieces(mapped: NDArray, avals: readonly Aval[]): readonly NDArray[] {
  let start = 0;
  const rest = mapped.shape.slice(1);
  return avals.map(({ shape }) => {
    const stop = start + sizeOf(shape);
    const piece = slice(mapped, [start, ...rest.map(() => 0)], [stop, ...rest]);
    start = stop;
    return piece;
  });
}

function forwardBlocks({ name, run, values, leaves, avals }: AtPoint): Blocks {
  const { vectors, n } = basis(avals);
  const outs = batchFlat(
    name,
    (...ts) => {
      const { primals, tangents } = jvpFlat(name, run, leaves, ts);
      return [...primals, ...primals.slice(0, values()).map((p, i) => tangents[i] ?? zerosOf(p.aval))];
    },
    vectors.map((value) => ({ value, axis: 0 })),
    n,
    null,
  );
  const columns = outs.slice(outs.length - values()).map((t) => toFront(t, n));
  return {
    // What does not depend on the direction is the same for the whole batch.
    results: outs.slice(0, outs.length - values()).map((o) => o.value),
    blocks: columns.map((column) =>
      pieces(column, avals).map((piece, k) => {
        const last = transpose(piece, movePermutation(piece.ndim, 0, piece.ndim - 1));
        return reshape(last, [...column.shape.slice(1), ...at(avals, k).shape]);
      }),
    ),
  };
}

function reverseBlocks({ name, run, values, outTree, leaves, avals }: AtPoint): Blocks {
  const { primals, linear, depends } = linearizeFlat(
    name,
    run,
    leaves,
    leaves.map(() => true),
  );
  const outAvals = primals.slice(0, values()).map((x) => x.aval);
  requireFloats(outAvals, outTree(), name, (path) => keystr(path, 'the result'));
  const { vectors, n } = basis(outAvals);
  const rows = batchFlat(
    name,
    (...cts) => {
      const flowing = depends.flatMap((d, i) => (d ? [cts[i] ?? null] : []));
      return transposeLinear(linear.jaxpr, linear.constants, flowing).map((ct, i) => ct ?? zerosOf(at(avals, i)));
    },
    vectors.map((value) => ({ value, axis: 0 })),
    n,
    null,
  ).map((row) => pieces(toFront(row, n), outAvals));
  return {
    results: primals,
    blocks: outAvals.map(({ shape }, o) =>
      rows.map((row, k) => reshape(at(row, o), [...shape, ...at(avals, k).shape])),
    ),
  };
}

const forward = jacobianBy('jacfwd', forwardBlocks);
const reverse = jacobianBy('jacrev', reverseBlocks);

/** What {@link jacfwd} and {@link jacrev} are. */
interface Jacobian {
  <A extends readonly unknown[], R, X, const N extends ArgnumsOf<A> = First<A>>(
    f: Fn<A, readonly [R, X]>,
    options: GradOptions<N> & HasAux,
  ): Fn<A, [jacobian: JacobianOf<A, R, N>, aux: X]>;
  <A extends readonly unknown[], R, const N extends ArgnumsOf<A> = First<A>>(
    f: Fn<A, R>,
    options?: GradOptions<N> & { readonly hasAux?: false },
  ): Fn<A, JacobianOf<A, R, N>>;
  <A extends readonly unknown[], R, N>(
    f: Fn<A, R>,
    options?: GradOptions<DynamicArgnum<A, N>> & { readonly hasAux?: false },
  ): Fn<A, TreeOf<R, A[number]>>;
}

/**
 * The Jacobian of a function, by forward mode, a column at a time: best for few inputs.
 *
 * The result is a tree like the function's result, in which each array of shape [...out] is replaced by a tree like the
 * argument (or, for a list of `argnums`, the list of those), whose arrays have shape [...out, ...in]. With `hasAux` the
 * function returns `[value, aux]`, and its Jacobian function `[jacobian, aux]`.
 *
 * @throws GradientError for an argument that is not float.
 * @example
 * jacfwd((x: NDArray) => x.mul(x))(np.array([1, 2])); // [[2, 0], [0, 4]]
 * jacfwd((p: { w: NDArray; b: NDArray }, x: NDArray) => x.matmul(p.w).add(p.b))(params, x); // { w: […], b: […] }
 */
export const jacfwd = forward as Jacobian;

/**
 * The Jacobian of a function, by reverse mode, a row at a time: best for few results. What it returns is what
 * {@link jacfwd} does.
 *
 * @throws GradientError for an argument or a result that is not float.
 * @example
 * jacrev((x: NDArray) => x.mul(x).sum())(np.array([1, 2])); // [2, 4]
 * jacrev((x: NDArray, y: NDArray) => x.mul(y), { argnums: 1 })(np.array([3, 4]), np.array([1, 2])); // [[3, 0], [0, 4]]
 */
export const jacrev = reverse as Jacobian;

/**
 * As {@link jacrev}.
 *
 * @example
 * jacobian((x: NDArray) => np.stack([x.sum(), x.prod()]))(np.array([2, 3])); // [[1, 1], [3, 2]]
 */
export const jacobian: Jacobian = jacrev;

/** What {@link hessian} is. */
interface Hessian {
  <A extends readonly unknown[], R, X, const N extends ArgnumsOf<A> = First<A>>(
    f: Fn<A, readonly [R, X]>,
    options: GradOptions<N> & HasAux,
  ): Fn<A, [hessian: JacobianOf<A, JacobianOf<A, R, N>, N>, aux: X]>;
  <A extends readonly unknown[], R, const N extends ArgnumsOf<A> = First<A>>(
    f: Fn<A, R>,
    options?: GradOptions<N> & { readonly hasAux?: false },
  ): Fn<A, JacobianOf<A, JacobianOf<A, R, N>, N>>;
  <A extends readonly unknown[], R, N>(
    f: Fn<A, R>,
    options?: GradOptions<DynamicArgnum<A, N>> & { readonly hasAux?: false },
  ): Fn<A, TreeOf<TreeOf<R, A[number]>, A[number]>>;
}

/**
 * The Hessian of a function, forward over reverse mode: the Jacobian of its Jacobian. For a function with one number as
 * its result it is a tree of trees like the argument, whose arrays have shape [...in, ...in].
 *
 * @throws GradientError for an argument or a result that is not float.
 * @example
 * hessian((x: NDArray) => x.pow(3).sum())(np.array([1, 2])); // [[6, 0], [0, 12]]
 * hessian(loss)(params, x).w.b; // ∂²loss/∂w∂b
 */
export const hessian = ((f: AnyFn, options?: GradOptions & MayHaveAux) =>
  forward(reverse(f, options), options)) as Hessian;
