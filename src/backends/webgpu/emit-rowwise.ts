import type { Expr } from '../../kernel/expr.ts';
import { index } from '../../kernel/expr.ts';
import type { Kernel, Pass, RowwiseKernel, Store } from '../../kernel/kernel.ts';
import { passExpressions } from '../../kernel/kernel.ts';
import { product } from '../../util/array.ts';
import type { Helper } from './math.ts';
import type { ShaderParts, WgslTarget } from './shader.ts';
import { accessOf, domainText, grid, operandNames, perPoint, writeStores } from './shader.ts';
import { flattened, substitution } from './substitute.ts';
import type { Point } from './totals.ts';
import { sharedPartials, stridedLoop, Totals } from './totals.ts';
import { Writer } from './writer.ts';

/** What is computed along the rows of a domain, by a row-wise kernel or a reduction, which is one pass that stores nothing. */
export interface Rows {
  readonly kernel: Kernel;
  readonly domain: readonly number[];
  readonly row: readonly number[];
  readonly passes: readonly Pass[];
}

/** The same with one variable for the domain and others, as given, for the row. */
export interface FlatRows {
  readonly passes: readonly Pass[];
  readonly stores: readonly Store[];
  readonly roots: readonly Expr[];
}

export function flatRows({ kernel, domain, passes }: Rows, inner: readonly Expr[]): FlatRows {
  const { value, position } = substitution([...flattened(0, domain), ...inner]);
  const changed = (s: Store): Store => ({ ...s, index: position(s.index), value: value(s.value) });
  const flat = passes.map(({ accumulators, stores }) => ({
    accumulators: accumulators.map((a) => ({ ...a, value: value(a.value) })),
    stores: stores.map(changed),
  }));
  const stores = kernel.stores.map(changed);
  const roots = [...flat.flatMap(passExpressions), ...stores.flatMap((s) => [s.index, s.value])];
  return { passes: flat, stores, roots };
}

/** A row-wise kernel: one invocation, or for long rows one workgroup, for each row. */
export function emitRowwise(kernel: RowwiseKernel, target: WgslTarget): ShaderParts | null {
  const rows: Rows = { ...kernel, kernel };
  const about = (how: string): string =>
    `${kernel.passes.length} passes over rows of ${domainText(kernel.row)} for each of ${domainText(kernel.domain)}: ${how} rows`;
  const length = product(kernel.row);
  return emitRows(rows, target, about, () => ({ flat: flatRows(rows, flattened(1, kernel.row)), loops: [[index(1, length), length]] })); // prettier-ignore
}

/** Rows with the loops that walk one. */
export interface Walked {
  readonly flat: FlatRows;
  readonly loops: readonly (readonly [Expr, number])[];
}

export function emitRows(
  rows: Rows,
  target: WgslTarget,
  about: (how: string) => string,
  walked: () => Walked,
): ShaderParts | null {
  if (product(rows.domain) === 0) return null;
  return product(rows.row) >= target.schedule.longReduction
    ? byWorkgroup(rows, target, about)
    : byInvocation(rows, target, about, walked());
}

function writerOf(kernel: Kernel, { passes, roots }: FlatRows, helpers: Set<Helper>): Writer {
  const written = new Set(passes.flatMap((p) => p.stores.map((s) => s.operand)));
  return new Writer(operandNames(kernel), helpers, roots, (leaf) => leaf.kind === 'load' && written.has(leaf.operand));
}

/** For each pass: its totals, numbered on from those of the passes before, and what is stored at each point. */
function eachPass(
  kernel: Kernel,
  { passes }: FlatRows,
  writer: Writer,
  body: (totals: Totals, point: Point) => void,
): void {
  let first = 0;
  for (const pass of passes) {
    const point: Point = {
      begin: () => writer.statement(passExpressions(pass)),
      store: () => writeStores(kernel, pass.stores, writer),
    };
    const what = [...pass.accumulators.map((a) => a.monoid), ...(pass.stores.length > 0 ? ['stores'] : [])].join(', ');
    if (passes.length > 1) writer.line(`// Pass ${passes.indexOf(pass) + 1} of ${passes.length}: ${what}.`);
    body(new Totals(pass.accumulators, first, writer), point);
    first += pass.accumulators.length;
  }
}

function byInvocation(
  { kernel, domain, row }: Rows,
  target: WgslTarget,
  about: (how: string) => string,
  { flat, loops }: Walked,
): ShaderParts {
  const total = product(domain);
  const { lines, dispatch, ...main } = perPoint(total, target);
  const helpers = new Set<Helper>();
  const writer = writerOf(kernel, flat, helpers);
  const body = writer.block([[index(0, total), 'i']], () => {
    lines.forEach((l) => writer.line(l));
    eachPass(kernel, flat, writer, (totals, { begin, store }) => {
      totals.declare();
      const inner = (depth: number): void => {
        const [variable, extent] = loops[depth] ?? [null, 0];
        if (variable === null) {
          begin();
          totals.accumulate();
          store();
        } else if (extent === 1) inner(depth + 1);
        else writer.loop(variable, loops.length === 1 ? 'r' : `r${depth}`, extent, () => inner(depth + 1));
      };
      if (product(row) > 0) inner(0);
      totals.bindOwn();
    });
    writeStores(kernel, flat.stores, writer);
  });
  return {
    about: about(`one invocation for each of ${total}`),
    helpers,
    access: accessOf(kernel),
    main: { ...main, body },
    dispatch,
  };
}

function byWorkgroup(rows: Rows, target: WgslTarget, about: (how: string) => string): ShaderParts {
  const { kernel, domain, row } = rows;
  const { lanes } = target.schedule;
  const total = product(domain);
  const dispatch = grid(total, target);
  const flat = flatRows(rows, flattened(1, row));
  const helpers = new Set<Helper>();
  const writer = writerOf(kernel, flat, helpers);
  const body = writer.block([[index(0, total), 'i']], () => {
    if (total > 1) writer.line(`let i = i32(group.x${dispatch[1] > 1 ? ` + group.y * ${dispatch[0]}u` : ''});`);
    if (dispatch[0] * dispatch[1] > total) writer.nested(`if (i >= ${total})`, () => writer.line('return;'));
    writer.line('let lane = i32(id.x);');
    eachPass(kernel, flat, writer, (totals, point) => {
      stridedLoop(totals, writer, product(row), lanes, point);
      if (totals.count === 0) return;
      totals.meet(lanes);
      totals.bindShared();
    });
    if (flat.stores.length > 0) writer.nested('if (lane == 0)', () => writeStores(kernel, flat.stores, writer));
  });
  const globals = sharedPartials(flat.passes.flatMap((p) => p.accumulators), lanes); // prettier-ignore
  const main = {
    workgroup: String(lanes),
    parameters: ['@builtin(workgroup_id) group: vec3<u32>', '@builtin(local_invocation_id) id: vec3<u32>'],
    body,
  };
  return {
    about: about(`a workgroup of ${lanes} for each of ${total}`),
    helpers,
    access: accessOf(kernel),
    globals,
    main,
    dispatch,
  };
}
