import { isFloat } from '../kernel/dtype.ts';
import { hostArray } from '../kernel/dtype.ts';
import type { HostArray } from '../kernel/dtype.ts';
import type { Aval } from '../trace/aval.ts';
import { aval } from '../trace/aval.ts';
import { ConcreteArray } from '../trace/concrete.ts';
import { bind } from '../trace/context.ts';
import { ExportError, GradientError } from '../trace/errors.ts';
import { HostFunction } from '../trace/host-call.ts';
import type { Batched, Primitive } from '../trace/primitive.ts';
import { eachCase, primitive, typed } from '../trace/primitive.ts';
import type { NDArray } from '../trace/value.ts';
import { at, product, range, zipExact } from '../util/array.ts';
import { inFront, prepend } from './rules.ts';
import { broadcastInDim, toFront, zerosOf } from './structural.ts';

/** Primitives that call functions of the host. */

/**
 * How `vmap` calls a host function that returns something.
 *
 * - `sequential`: once for each example.
 * - `expandDims`: once for the whole batch, which is in front of every operand; it has extent 1 in those that are not mapped.
 * - `broadcastAll`: the same with those that are not mapped repeated.
 */
export type VmapMethod = 'sequential' | 'expandDims' | 'broadcastAll';

const notExported = ({ name }: HostFunction): never => {
  throw new ExportError(
    `${name} is called on the host, and StableHLO has programs of devices only: leave it out of what is exported`,
  );
};

// ------------------------------------------------------------------------------------------------ debugCallback

/** Calls a host function for its effect, once for each example of a batch. */
export const debugCallbackP = primitive<{ readonly host: HostFunction }, number>({
  name: 'debugCallback',
  type: () => typed(),
  derivative: { kind: 'zero', because: 'it has no results' },
  batch: (ins, { host }, size) => {
    const calls = perExample(host, ins, size);
    bind(debugCallbackP, values(ins), { host: calls });
    return { values: [], axes: [] };
  },
  lower: () => ({ kind: 'host' }),
  stablehlo: (_, __, { host }) => notExported(host),
  cases: [
    { ins: [{ shape: [3], dtype: 'any' }], params: { host: new HostFunction('ignore', [], () => []) } },
    { ins: [], params: { host: new HostFunction('ignore', [], () => []) }, label: 'without operands' },
  ],
});

// ------------------------------------------------------------------------------------------------- pureCallback

/** What {@link pureCallbackP} calls, and how `vmap` does. */
interface PureCallbackParams {
  readonly host: HostFunction;
  readonly vmapMethod: VmapMethod;
}

/** The results of a host function, which depend on its operands only. */
export const pureCallbackP: Primitive<PureCallbackParams> = primitive<PureCallbackParams, number>({
  name: 'pureCallback',
  type: (_, { host }) => typed(...host.results),
  derivative: {
    kind: 'smooth',
    partials: (_, __, outs, { host }) => {
      if (!outs.some((o) => isFloat(o.dtype))) return () => outs.map((o) => zerosOf(o.aval));
      throw new GradientError(
        'no-derivative',
        `pureCallback of ${host.name} has no derivative, as nothing is known of what it computes: ` +
          'give it one with customJvp or customVjp, or apply stopGradient to its arguments',
      );
    },
  },
  batch: (ins, { host, vmapMethod }, size) => {
    const results = host.results.map((a) => batched(a, size));
    if (vmapMethod === 'sequential') {
      return inFront(...bind(pureCallbackP, values(ins), { host: perExample(host, ins, size), vmapMethod }));
    }
    const operands = ins.map((b) => (b.axis === null && vmapMethod === 'expandDims' ? expanded(b) : toFront(b, size)));
    return inFront(...bind(pureCallbackP, operands, { host: host.returning(results), vmapMethod }));
  },
  lower: () => ({ kind: 'host' }),
  stablehlo: (_, __, { host }) => notExported(host),
  cases: eachCase(['sequential', 'expandDims', 'broadcastAll'], (vmapMethod: VmapMethod) => ({
    ins: [
      { shape: [3], dtype: 'i32' },
      { shape: [3], dtype: 'i32' },
    ],
    params: { host: new HostFunction('add', [aval([3], 'i32')], addOnHost), vmapMethod },
    label: vmapMethod,
  })),
});

const values = (ins: readonly Batched[]): readonly NDArray[] => ins.map((b) => b.value);

const batched = (a: Aval, size: number): Aval => aval(prepend(size, a.shape), a.dtype, a.weakType);

const expanded = ({ value }: Batched): NDArray =>
  broadcastInDim(
    value,
    [1, ...value.shape],
    value.shape.map((_, i) => i + 1),
  );

/** Elementwise sums, for the laws; operands repeat along an axis of extent 1 in front. */
function addOnHost(ins: readonly NDArray[], [result]: readonly Aval[]): readonly NDArray[] {
  const [x, y] = ins.map((a) => a.dataSync()) as [HostArray, HostArray];
  const out = hostArray.i32(Math.max(x.length, y.length));
  const sum = out.map((_, i) => (x[i % x.length] as number) + (y[i % y.length] as number));
  return [ConcreteArray.fromHost(result as Aval, sum)];
}

// ------------------------------------------------------------------------------------------- batches on the host

/** A host function of a whole batch that calls `host` for each example in turn; batches of results are in front. */
function perExample(host: HostFunction, ins: readonly Batched[], size: number): HostFunction {
  const axes = ins.map((b) => b.axis);
  const results = host.results.map((a) => batched(a, size));
  return new HostFunction(host.name, results, (inputs) => {
    const sources = zipExact(inputs, axes).map(([x, axis]) => ({ x, axis, data: axis === null ? null : x.dataSync() }));
    const examples = range(size).map((i) =>
      host.call(sources.map(({ x, axis, data }) => (axis === null || data === null ? x : example(x, data, axis, i)))),
    );
    return results.map((a, r) => stacked(a, examples.map((e) => at(e, r).dataSync()))); // prettier-ignore
  });
}

/** Example `i` of a batch along `axis`. */
function example(x: NDArray, data: HostArray, axis: number, i: number): NDArray {
  const inner = product(x.shape.slice(axis + 1));
  const extent = at(x.shape, axis);
  const shape = x.shape.filter((_, k) => k !== axis);
  const out = hostArray[x.dtype](product(shape));
  for (let k = 0; k * inner < out.length; k++) {
    const from = (k * extent + i) * inner;
    out.set(data.subarray(from, from + inner), k * inner);
  }
  return ConcreteArray.fromHost(aval(shape, x.dtype, x.weakType), out);
}

/** Examples put together along a first axis. */
function stacked(type: Aval, examples: readonly HostArray[]): NDArray {
  const out = hostArray[type.dtype](product(type.shape));
  examples.forEach((data, i) => out.set(data, i * data.length));
  return ConcreteArray.fromHost(type, out);
}
