import { bind } from '../../trace/context.ts';
import { interned } from '../../trace/intern.ts';
import type { NDArray } from '../../trace/value.ts';
import { at } from '../../util/array.ts';
import type { Callable } from '../jaxpr-rules.ts';
import { select } from '../jaxpr-rules.ts';
import { cut } from './edit.ts';
import { scanP } from './scan-primitive.ts';

/** The settings of a scan on flat lists. */
export interface FlatScan {
  readonly length: number;
  readonly reverse: boolean;
  readonly unroll: number;
}

/**
 * A scan on flat lists: the last carried values, then the ys. Carried values that the body gives back as they are become
 * constants.
 */
export function scanFlat(
  { jaxpr, constants }: Callable,
  init: readonly NDArray[],
  xs: readonly NDArray[],
  { length, reverse, unroll }: FlatScan,
): readonly NDArray[] {
  const n = constants.length;
  const varies = init.map((_, i) => jaxpr.outputs[i] !== jaxpr.inputs[n + i]);
  const [given, carried, slices] = cut(jaxpr.inputs, n, init.length);
  const fixed = varies.map((v) => !v);
  const kept = [...varies, ...jaxpr.outputs.slice(init.length).map(() => true)];
  const body = fixed.includes(true)
    ? interned({
        ...jaxpr,
        inputs: [...given, ...select(carried, fixed), ...select(carried, varies), ...slices],
        outputs: select(jaxpr.outputs, kept),
      })
    : jaxpr;
  const count = varies.filter((v) => v).length;
  const outs = bind(scanP, [...constants, ...select(init, fixed), ...select(init, varies), ...xs], {
    body,
    length,
    reverse,
    unroll,
    constants: n + init.length - count,
    carries: count,
  });
  let next = 0;
  return [...init.map((x, i) => (varies[i] === true ? at(outs, next++) : x)), ...outs.slice(count)];
}
