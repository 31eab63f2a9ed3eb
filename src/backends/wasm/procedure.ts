import type { ProcedureKernel } from '../../kernel/kernel.ts';
import type { Statement } from '../../kernel/procedure.ts';
import { mapStatements, statementExpressions } from '../../kernel/procedure.ts';
import { at, product } from '../../util/array.ts';
import type { Axis } from './collapse.ts';
import { collapse } from './collapse.ts';
import type { KernelCode, ModuleBuilder } from './rows.ts';
import { pointersOf, rows } from './rows.ts';
import { wholeSteps } from './runs.ts';
import { StatementWriter } from './statements.ts';
import type { Tile } from './together.ts';
import { chooseTiles, pointsOf } from './together.ts';

/** Statements that one call of the row function runs, roughly, when each point runs few. */
const statementsPerCall = 4096;
/** Trips of a loop of unknown length, for that estimate. */
const unknownTrips = 256;
/** With fewer calls than this the engine may see no second one of the row function in time. */
const manyCalls = 128;

/**
 * A procedure kernel: tiles of its points one after the other, each as structured code over local variables. A call of
 * the row function runs few points, so that the engine tiers up between calls.
 */
export function emitProcedure(m: ModuleBuilder, kernel: ProcedureKernel): KernelCode {
  const { domain, body } = simplified(kernel);
  const { axis, tiles } = chooseTiles(body, domain, kernel.locals);
  const outer = domain.filter((a) => a.axis !== axis.axis);
  const largest = pointsOf(at(tiles, 0));
  const points = Math.max(1, Math.floor(statementsPerCall / (statementWeight(body) * largest))) * largest;
  const calls = product(outer.map((a) => a.extent)) * Math.ceil(axis.extent / points);
  const { code, row, coordinates } = rows(m, kernel, outer, axis, points);
  const procedure = { m, kernel, body, outline: calls < manyCalls, loops: [] };
  const [from, to] = [row.param(outer.length), row.param(outer.length + 1)];
  const pointers = pointersOf(row, kernel, outer.length + 2);
  const first = row.variable(from, 'i');
  for (const tile of needed(tiles, axis)) {
    const size = pointsOf(tile);
    const whole = wholeSteps(row, from, to, size);
    const writer = new StatementWriter(procedure, tile, { f: row, pointers, coordinates, given: new Map() });
    writer.rows(first, whole);
  }
  return code;
}

/** The domain with fewer axes, and the statements over it. */
function simplified({ domain, body }: ProcedureKernel): {
  readonly domain: readonly Axis[];
  readonly body: readonly Statement[];
} {
  const expressions = statementExpressions(body);
  const { groups, roots } = collapse([domain.map((extent, axis) => ({ axis, extent }))], expressions);
  const simpler = new Map(expressions.map((e, i) => [e, at(roots, i)]));
  const same = (n: number): number => n;
  return { domain: at(groups, 0), body: mapStatements(body, (e) => simpler.get(e) ?? e, same) };
}

/** The tiles that rows along the axis are made of. */
function needed(tiles: readonly Tile[], axis: Axis): readonly Tile[] {
  let rest = axis.extent;
  return tiles.filter((tile) => {
    const some = rest >= pointsOf(tile);
    rest %= pointsOf(tile);
    return some;
  });
}

/** About how many statements a point runs. */
export function statementWeight(body: readonly Statement[]): number {
  return body.reduce((sum, s): number => {
    switch (s.kind) {
      case 'set':
      case 'store':
        return sum + 1;
      case 'if':
        return sum + 1 + Math.max(statementWeight(s.then), statementWeight(s.otherwise));
      case 'while':
        return sum + unknownTrips * (1 + statementWeight(s.body));
      case 'for': {
        const known = s.from.kind === 'const' && s.to.kind === 'const';
        const trips = known ? Math.max(0, s.to.value - s.from.value) : unknownTrips;
        return sum + trips * (1 + statementWeight(s.body));
      }
    }
  }, 1);
}
