import type { ScalarType } from '../../kernel/dtype.ts';
import type { Expr } from '../../kernel/expr.ts';
import { index, local, visit } from '../../kernel/expr.ts';
import { iadd, lit } from '../../kernel/index-algebra.ts';
import type { Statement } from '../../kernel/procedure.ts';
import { statementExpressions } from '../../kernel/procedure.ts';
import { range } from '../../util/array.ts';
import type { Axis } from './collapse.ts';
import { dependsOn, substitution } from './collapse.ts';
import { noAxis } from './runs.ts';
import { lanes } from './vector-ops.ts';
import { accessCost, canVectorize, laneStride } from './vectorize.ts';

/**
 * Neighbouring points of a procedure that run together, statement by statement. No point reads what another one writes,
 * so it can be done where all of them take the same way through the statements.
 */
export interface Tile {
  readonly axis: Axis;
  /** Four points at a time are the lanes of a vector. */
  readonly vector: boolean;
  /** How many vectors, or scalars, there are of what varies. */
  readonly width: number;
  /** The local variables that vary between the points. */
  readonly varying: ReadonlySet<number>;
}

export const pointsOf = (tile: Tile): number => tile.width * (tile.vector ? lanes : 1);

/** Procedures of more statements than this have their points one by one, or in single vectors: the code stays small. */
const mostStatements = 12;

/** The axis that tiles run along, and tiles for it: the largest first, the last one a single point. */
export function chooseTiles(
  body: readonly Statement[],
  domain: readonly Axis[],
  locals: readonly ScalarType[],
): { readonly axis: Axis; readonly tiles: readonly Tile[] } {
  const expressions = statementExpressions(body);
  const canBeVector = canVectorize(expressions) && !locals.includes('f64');
  let best: { readonly cost: Cost; readonly axis: Axis; readonly varying: ReadonlySet<number> } | null = null;
  for (const axis of domain) {
    const varying = varyingLocals(body, axis.axis);
    if (varying === null) continue;
    const cost = costAlong(body, axis.axis, varying);
    if (best === null || cost.vector <= best.cost.vector) best = { cost, axis, varying };
  }
  const axis = best?.axis ?? domain[domain.length - 1] ?? noAxis;
  const single: Tile = { axis, vector: false, width: 1, varying: new Set() };
  if (best === null) return { axis, tiles: [single] };
  const { cost, varying } = best;
  const vector = canBeVector && cost.vector < cost.scalar / 2;
  // A tile of contiguous elements is a line of the cache; others hide the latency of what each point waits for.
  const widths = countStatements(body) > mostStatements ? [1] : [vector ? 4 : cost.vector < cost.scalar / 2 ? 8 : 4, 1];
  const tiles = widths.map((width): Tile => ({ axis, vector, width, varying }));
  return {
    axis,
    tiles: [...tiles, single].filter((t) => t === single || (pointsOf(t) > 1 && axis.extent >= pointsOf(t))),
  };
}

/** The local variables that differ between points along an axis; null where the points part ways. */
function varyingLocals(body: readonly Statement[], axis: number): ReadonlySet<number> | null {
  const varying = new Set<number>();
  for (;;) {
    const before = varying.size;
    const depends = dependsOn(axis, new Set(varying));
    const walk = (statements: readonly Statement[]): boolean =>
      statements.every((s) => {
        switch (s.kind) {
          case 'set':
            if (depends(s.value)) varying.add(s.local);
            return true;
          case 'store':
            return true;
          case 'for':
            return !depends(s.from) && !depends(s.to) && walk(s.body);
          case 'while':
            return !depends(s.condition) && walk(s.body);
          case 'if':
            return !depends(s.condition) && walk(s.then) && walk(s.otherwise);
        }
      });
    if (!walk(body)) return null;
    if (varying.size === before) return varying;
  }
}

/** What four points cost as a vector and one by one, in accesses to memory and divisions. */
interface Cost {
  readonly vector: number;
  readonly scalar: number;
}

function costAlong(body: readonly Statement[], axis: number, varying: ReadonlySet<number>): Cost {
  const depends = dependsOn(axis, varying);
  const positions = storePositions(body);
  let count = 0;
  visit(statementExpressions(body), (e) => {
    if (e.kind === 'load') positions.push(e.index);
    else if (e.kind === 'op' && (e.op === 'idiv' || e.op === 'imod') && depends(e)) count += 6;
  });
  const costs = positions.map((p) => accessCost(laneStride(p, axis, depends)));
  return { vector: costs.reduce((a, b) => a + b, count), scalar: lanes * (positions.length + count) };
}

const storePositions = (body: readonly Statement[]): Expr[] =>
  body.flatMap((s): Expr[] => {
    if (s.kind === 'set') return [];
    if (s.kind === 'store') return [s.index];
    return s.kind === 'if' ? [...storePositions(s.then), ...storePositions(s.otherwise)] : storePositions(s.body);
  });

const countStatements = (body: readonly Statement[]): number =>
  body.reduce((n, s) => {
    if (s.kind === 'set' || s.kind === 'store') return n + 1;
    return n + 1 + (s.kind === 'if' ? countStatements(s.then) + countStatements(s.otherwise) : countStatements(s.body));
  }, 0);

/** The slot of a local variable that the `j`th vector or scalar of a tile has of its own. */
const slotOf = (slot: number, j: number, count: number): number => slot + j * count;

/** The slots of a tile for a variable that a point has once; `count` is how many variables a point has. */
export const slotsOf = ({ varying, width }: Tile, slot: number, count: number): readonly number[] =>
  varying.has(slot) ? range(width).map((j) => slotOf(slot, j, count)) : [slot];

/** For each vector or scalar of a tile, an expression as it is there. */
export const copiesOf = ({ axis, vector, width, varying }: Tile, count: number): readonly ((e: Expr) => Expr)[] =>
  range(width).map((j) =>
    substitution((e) => {
      if (j === 0) return e;
      if (e.kind === 'local') return varying.has(e.slot) ? local(slotOf(e.slot, j, count), e.dtype) : e;
      if (e.axis !== axis.axis) return e;
      return iadd(index(axis.axis, axis.extent), lit(j * (vector ? lanes : 1)));
    }),
  );
