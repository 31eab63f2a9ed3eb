import type { Expr } from '../../kernel/expr.ts';
import { index, visit } from '../../kernel/expr.ts';
import { delinearize, iadd, imul, lit } from '../../kernel/index-algebra.ts';
import type { MapKernel, Store } from '../../kernel/kernel.ts';
import { product } from '../../util/array.ts';
import type { Helper } from './math.ts';
import type { ShaderParts, WgslTarget } from './shader.ts';
import { accessOf, domainText, operandNames, perPoint, writeQuads, writeStores } from './shader.ts';
import { substitution } from './substitute.ts';
import type { Quad } from './wide.ts';
import { loadsAreWide, quadOf, wideOperands } from './wide.ts';
import { Writer } from './writer.ts';

/** Four of a longer expression are better computed by four invocations. */
const mostNodes = 64;

/**
 * A map: one invocation for each point of the domain, which is flattened to one loop variable `i`, or for each four
 * neighbouring points where there are many and all that is accessed lies side by side.
 */
export function emitMap(kernel: MapKernel, target: WgslTarget, narrow: ReadonlySet<number>): ShaderParts | null {
  const total = product(kernel.domain);
  if (total === 0) return null;
  const fours = foursOf(kernel, target, narrow);
  return fours === null ? oneByOne(kernel, target) : byFours(kernel, target, fours);
}

/** The stores at a point, by its position in the flattened domain. */
function storesAt(kernel: MapKernel, point: Expr): readonly Store[] {
  const { value, position } = substitution(delinearize(point, kernel.domain));
  return kernel.stores.map((s) => ({ ...s, index: position(s.index), value: value(s.value) }));
}

const rootsOf = (stores: readonly Store[]): readonly Expr[] => stores.flatMap((s) => [s.index, s.value]);

function oneByOne(kernel: MapKernel, target: WgslTarget): ShaderParts {
  const total = product(kernel.domain);
  const i = index(0, total);
  const stores = storesAt(kernel, i);
  const { lines, dispatch, ...main } = perPoint(total, target);
  const helpers = new Set<Helper>();
  const writer = new Writer(operandNames(kernel), helpers, rootsOf(stores));
  const body = writer.block([[i, 'i']], () => {
    lines.forEach((l) => writer.line(l));
    writeStores(kernel, stores, writer);
  });
  const about = `map over ${domainText(kernel.domain)}: one invocation for each of ${total} points`;
  return { about, helpers, access: accessOf(kernel), main: { ...main, body }, dispatch };
}

/** What a map stores at four neighbouring points, and what it accesses as vectors. */
interface Fours {
  /** A quarter of the position of the first of the points. */
  readonly i: Expr;
  readonly stores: readonly Quad<Store>[];
  readonly wide: ReadonlySet<number>;
}

/** A map as what each four of its points do; null where there are few or that does not fit. */
export function foursOf(kernel: MapKernel, { schedule }: WgslTarget, narrow: ReadonlySet<number>): Fours | null {
  const total = product(kernel.domain);
  if (total < schedule.manyPoints || total % 4 !== 0 || nodesOf(kernel) > mostNodes) return null;
  const i = index(0, total / 4);
  const four = quadOf((c) => storesAt(kernel, iadd(imul(i, 4), lit(c))));
  const stores = kernel.stores.map((_, s): Quad<Store> => four.map((at) => at[s] as Store));
  const wide = wideOperands(kernel, rootsOf(stores.flat()), stores, narrow);
  const fits = stores.every((q) => wide.has(q[0]?.operand ?? -1) && loadsAreWide(kernel, q.map((s) => s.value))); // prettier-ignore
  return fits ? { i, stores, wide } : null;
}

function byFours(kernel: MapKernel, target: WgslTarget, { i, stores, wide }: Fours): ShaderParts {
  const total = product(kernel.domain);
  const { lines, dispatch, ...main } = perPoint(total / 4, target);
  const helpers = new Set<Helper>();
  const writer = new Writer(operandNames(kernel, wide), helpers, rootsOf(stores.flat()));
  const body = writer.block([[i, 'i']], () => {
    lines.forEach((l) => writer.line(l));
    writeQuads(kernel, stores, wide, writer);
  });
  const about = `map over ${domainText(kernel.domain)}: one invocation for each four of ${total} points`;
  return { about, helpers, access: accessOf(kernel, wide), main: { ...main, body }, dispatch };
}

function nodesOf(kernel: MapKernel): number {
  let count = 0;
  visit(rootsOf(kernel.stores), (e) => (count += e.kind === 'op' ? 1 : 0));
  return count;
}
