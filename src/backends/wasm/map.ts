import type { Kernel, MapKernel, Store } from '../../kernel/kernel.ts';
import type { Axis } from './collapse.ts';
import { collapse } from './collapse.ts';
import { Evaluator } from './evaluator.ts';
import type { KernelCode, ModuleBuilder } from './rows.ts';
import { rows } from './rows.ts';
import { inLanes, noAxis } from './runs.ts';
import { addressesOf, noWorking } from './working.ts';
import { emitTiles, transposition } from './tiles.ts';
import { lanes } from './vector-ops.ts';
import { canVectorize, chooseLaneAxis } from './vectorize.ts';

/** Points that one call of a row function handles at most: calls are cheap, and let the engine tier up between them. */
const longestRow = 4096;

/**
 * A map kernel: rows along the cheapest lane axis, four points at once, the rest of a row one by one; tiles where what is
 * stored along one axis is loaded along another.
 */
export function emitMap(m: ModuleBuilder, kernel: MapKernel): KernelCode {
  const axes = kernel.domain.map((extent, axis) => ({ axis, extent }));
  const nest = collapse(
    [axes],
    kernel.stores.flatMap((s) => [s.index, s.value]),
  );
  const stores = withRoots(kernel.stores, nest.roots);
  const domain = nest.groups[0] ?? [];
  const transposes = transposition(domain, stores);
  if (transposes !== null) return emitTiles(m, kernel, domain, stores, transposes);
  return emitRows(m, kernel, domain, stores);
}

/** Stores at all points of a domain, row by row. */
export function emitRows(
  m: ModuleBuilder,
  kernel: Kernel,
  domain: readonly Axis[],
  stores: readonly Store[],
  working = noWorking,
  name = kernel.name,
): KernelCode {
  const inner = innerAxis(domain, stores);
  const vector = canVectorize(stores.flatMap((s) => [s.index, s.value])) && inner.extent >= lanes;
  const outer = domain.filter((a) => a.axis !== inner.axis);
  const area = rows(m, kernel, outer, inner, longestRow, name);
  const { code, row, coordinates } = area;
  const e = new Evaluator(row, m.library, kernel, addressesOf(area, kernel, working, outer.length + 2));
  e.within(coordinates, () => {
    inLanes(e, inner, [row.param(outer.length), row.param(outer.length + 1)], vector, () => e.store(stores));
  });
  return { ...code, sharedBytes: working.bytes };
}

/** The axis that rows run along. A domain of one point has one row of an axis that nothing mentions. */
export function innerAxis(domain: readonly Axis[], stores: readonly Store[]): Axis {
  const best = chooseLaneAxis(
    domain,
    stores.map((s) => s.value),
    stores.map((s) => s.index),
  );
  return best?.axis ?? noAxis;
}

/** The stores with rewritten positions and values, which stand in pairs in `roots`. */
export const withRoots = (stores: readonly Store[], roots: readonly Store['value'][]): readonly Store[] =>
  stores.map((s, i) => ({ ...s, index: roots[2 * i] ?? s.index, value: roots[2 * i + 1] ?? s.value }));
