import type { FloatType } from '../kernel/dtype.ts';
import { isFloat } from '../kernel/dtype.ts';
import { convertElementType } from '../lax/casts.ts';
import { DTypeError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import { map } from '../tree/tree.ts';
import type { Layer, Tree } from './layer.ts';

/** Which float dtypes a layer keeps, computes in and gives. */
export interface Precision {
  /** Of parameters, and so of their gradients; default f32. */
  readonly params?: FloatType;
  /** In which the layer sees its parameters and inputs; default that of `params`. */
  readonly compute?: FloatType;
  /** Of what the layer gives; default that of `params`. */
  readonly output?: FloatType;
}

/**
 * Mixed precision for layers: parameters are kept in one float dtype and computed with in another one.
 *
 * What it gives wraps a layer. `init` makes its parameters in `params`. `apply` converts them and the input to `compute`, and
 * the output to `output`; integers and bools stay what they are, and so does the dtype of the layer's state. Derivatives pass
 * through the conversions, so that gradients have the dtype of the parameters, and an optimizer adds small updates to numbers
 * with enough digits for them. In f16, sums (contractions, convolutions, means) are computed in f32 and rounded once.
 *
 * f16 has no numbers between 0 and 6e-8: where gradients become so small, differentiate the loss times a constant, such as
 * 1024, and divide the gradients by it.
 *
 * P. Micikevicius et al.: Mixed Precision Training. ICLR 2018.
 *
 * @throws DTypeError for a dtype that is no float.
 * @example
 * const half = policy({ params: 'f32', compute: 'f16', output: 'f32' });
 * const classifier = half(sequential(flatten(), dense(64), relu, dense(10)));
 */
export function policy({
  params: kept = 'f32',
  compute = kept,
  output = kept,
}: Precision): <P extends Tree, S extends Tree>(layer: Layer<P, S>) => Layer<P, S> {
  for (const [what, dtype] of Object.entries({ params: kept, compute, output })) {
    if (!isFloat(dtype)) throw new DTypeError(`[nn.policy] ${what} must be f16, f32 or f64, got ${String(dtype)}`);
  }
  return (layer) => ({
    name: `${layer.name} in ${compute}`,
    init: (key, inputShape) => {
      const made = layer.init(key, inputShape);
      return { ...made, params: floatsAs(made.params, kept) };
    },
    apply: (params, state, x, context) => {
      const [y, after] = layer.apply(floatsAs(params, compute), state, asFloat(x, compute), context);
      return [asFloat(y, output), withDtypesOf(state, after)];
    },
  });
}

const asFloat = (x: NDArray, dtype: FloatType): NDArray => (isFloat(x.dtype) ? convertElementType(x, dtype) : x);

const floatsAs = <T extends Tree>(tree: T, dtype: FloatType): T => map((leaf: NDArray) => asFloat(leaf, dtype), tree);

/** A state whose arrays have the dtypes that they had before, so that loops can carry it. */
const withDtypesOf = <S extends Tree>(before: S, after: S): S =>
  map((now: NDArray, then) => convertElementType(now, then.dtype), after, before);
