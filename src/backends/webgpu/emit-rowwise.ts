import type { Expr } from '../../kernel/expr.ts';
import { index } from '../../kernel/expr.ts';
import type { Pass, RowwiseKernel, Store } from '../../kernel/kernel.ts';
import { passExpressions } from '../../kernel/kernel.ts';
import { product } from '../../util/array.ts';
import type { Helper } from './math.ts';
import type { ShaderParts, WgslTarget } from './shader.ts';
import { domainText, grid, operandNames, perPoint, writeStores } from './shader.ts';
import { flattened, substitution } from './substitute.ts';
import { sharedPartials, stridedLoop, Totals } from './totals.ts';
import { Writer } from './writer.ts';

/** A row-wise kernel: one invocation, or for long rows one workgroup, for each row. */
export function emitRowwise(kernel: RowwiseKernel, target: WgslTarget): ShaderParts | null {
  if (product(kernel.domain) === 0) return null;
  return product(kernel.row) >= target.schedule.longReduction
    ? byWorkgroup(kernel, target)
    : byInvocation(kernel, target);
}

/** The kernel with one variable for the domain and one for the row, and what writes its code. */
interface Work {
  readonly passes: readonly Pass[];
  readonly stores: readonly Store[];
  readonly helpers: Set<Helper>;
  readonly writer: Writer;
}

function workOf(kernel: RowwiseKernel): Work {
  const { value, position } = substitution([...flattened(0, kernel.domain), ...flattened(1, kernel.row)]);
  const changed = (s: Store): Store => ({ ...s, index: position(s.index), value: value(s.value) });
  const passes = kernel.passes.map(({ accumulators, stores }) => ({
    accumulators: accumulators.map((a) => ({ ...a, value: value(a.value) })),
    stores: stores.map(changed),
  }));
  const stores = kernel.stores.map(changed);
  const roots = [...passes.flatMap(passExpressions), ...stores.flatMap((s) => [s.index, s.value])];
  const written = new Set(passes.flatMap((p) => p.stores.map((s) => s.operand)));
  const helpers = new Set<Helper>();
  const changing = (leaf: Expr): boolean => leaf.kind === 'load' && written.has(leaf.operand);
  return { passes, stores, helpers, writer: new Writer(operandNames(kernel), helpers, roots, changing) };
}

const about = (kernel: RowwiseKernel, how: string): string =>
  `${kernel.passes.length} passes over rows of ${domainText(kernel.row)} for each of ${domainText(kernel.domain)}: ${how}`;

/** For each pass: its totals, numbered on from those of the passes before, and what is stored at each point. */
function eachPass(kernel: RowwiseKernel, { passes, writer }: Work, body: (totals: Totals, point: Point) => void): void {
  let first = 0;
  for (const pass of passes) {
    const point: Point = {
      begin: () => writer.statement(passExpressions(pass)),
      store: () => writeStores(kernel, pass.stores, writer),
    };
    body(new Totals(pass.accumulators, first, writer), point);
    first += pass.accumulators.length;
  }
}

/** What is done at a point of a row before and after its values are added up. */
interface Point {
  readonly begin: () => void;
  readonly store: () => void;
}

function byInvocation(kernel: RowwiseKernel, target: WgslTarget): ShaderParts {
  const total = product(kernel.domain);
  const length = product(kernel.row);
  const { lines, dispatch, ...main } = perPoint(total, target);
  const work = workOf(kernel);
  const { writer, helpers } = work;
  const body = writer.block([[index(0, total), 'i']], () => {
    lines.forEach((l) => writer.line(l));
    eachPass(kernel, work, (totals, { begin, store }) => {
      totals.declare('acc');
      const point = (): void => {
        begin();
        totals.accumulate('acc');
        store();
      };
      if (length === 1) point();
      else if (length > 1) writer.loop(index(1, length), 'r', length, point);
      totals.bindOwn();
    });
    writeStores(kernel, work.stores, writer);
  });
  return {
    about: about(kernel, `one invocation for each of ${total} rows`),
    helpers,
    main: { ...main, body },
    dispatch,
  };
}

function byWorkgroup(kernel: RowwiseKernel, target: WgslTarget): ShaderParts {
  const { lanes } = target.schedule;
  const total = product(kernel.domain);
  const length = product(kernel.row);
  const dispatch = grid(total, target);
  const work = workOf(kernel);
  const { writer, helpers } = work;
  const body = writer.block([[index(0, total), 'i']], () => {
    if (total > 1) writer.line(`let i = i32(group.x${dispatch[1] > 1 ? ` + group.y * ${dispatch[0]}u` : ''});`);
    if (dispatch[0] * dispatch[1] > total) writer.nested(`if (i >= ${total})`, () => writer.line('return;'));
    writer.line('let lane = i32(id.x);');
    eachPass(kernel, work, (totals, { begin, store }) => {
      stridedLoop(totals, writer, length, lanes, { begin, store });
      if (totals.count === 0) return;
      totals.meet(lanes);
      totals.bindShared();
    });
    if (work.stores.length > 0) writer.nested('if (lane == 0)', () => writeStores(kernel, work.stores, writer));
  });
  const main = {
    workgroup: String(lanes),
    parameters: ['@builtin(workgroup_id) group: vec3<u32>', '@builtin(local_invocation_id) id: vec3<u32>'],
    body,
  };
  const globals = sharedPartials(
    work.passes.flatMap((p) => p.accumulators),
    lanes,
  );
  return {
    about: about(kernel, `a workgroup of ${lanes} for each of ${total} rows`),
    helpers,
    globals,
    main,
    dispatch,
  };
}
