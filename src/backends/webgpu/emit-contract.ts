import type { Expr } from '../../kernel/expr.ts';
import { acc, index } from '../../kernel/expr.ts';
import type { ContractKernel, Store } from '../../kernel/kernel.ts';
import { product, range } from '../../util/array.ts';
import { emitContractAsReduction } from './emit-reduce.ts';
import type { Helper } from './math.ts';
import { gpuDType, valueType } from './scalar.ts';
import type { ContractSchedule } from './schedule.ts';
import type { ShaderParts, WgslTarget } from './shader.ts';
import { domainText, grid, operandNames, writeStores } from './shader.ts';
import { flattened, substitution } from './substitute.ts';
import { Writer } from './writer.ts';

/** A matrix product with each group of axes flattened to one: `b`, `m`, `n` and `k`. */
interface Product {
  readonly kernel: ContractKernel;
  readonly type: string;
  readonly batches: number;
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly lhs: Expr;
  readonly rhs: Expr;
  readonly stores: readonly Store[];
  readonly helpers: Set<Helper>;
}

/** A matrix product: tiles of results in registers, over tiles of both operands in workgroup memory where that pays. */
export function emitContract(kernel: ContractKernel, target: WgslTarget): ShaderParts | null {
  const [batches, rows, columns, depth] = [kernel.batch, kernel.rows, kernel.columns, kernel.depth].map(product) as [
    number,
    number,
    number,
    number,
  ];
  if (batches * rows * columns === 0) return null;
  const { fewResults, tiny } = target.schedule.contract;
  const few = batches * rows * columns < fewResults && depth >= target.schedule.longReduction;
  if (few || rows * columns * depth < tiny) return emitContractAsReduction(kernel, target);
  const { value, position } = substitution([
    ...flattened(0, kernel.batch),
    ...flattened(1, kernel.rows),
    ...flattened(2, kernel.columns),
    ...flattened(3, kernel.depth),
  ]);
  return emitTiled(
    {
      kernel,
      type: valueType[gpuDType(kernel.dtype)],
      batches,
      rows,
      columns,
      depth,
      lhs: value(kernel.lhs),
      rhs: value(kernel.rhs),
      stores: kernel.stores.map((s) => ({ ...s, index: position(s.index), value: value(s.value) })),
      helpers: new Set(),
    },
    target,
  );
}

function emitTiled(p: Product, target: WgslTarget): ShaderParts {
  const schedule = target.schedule.contract;
  const { kernel } = p;
  const [blockColumns, blockRows] = blockOf(schedule);
  const [acrossColumns, acrossRows] = [Math.ceil(p.columns / blockColumns), Math.ceil(p.rows / blockRows)];
  const blocks = p.batches * acrossRows * acrossColumns;
  const dispatch = grid(blocks, target);
  const [wide, high] = schedule.workgroup;
  const body = [
    `let block = i32(group.x${dispatch[1] > 1 ? ` + group.y * ${dispatch[0]}u` : ''});`,
    ...(dispatch[0] * dispatch[1] > blocks ? [`if (block >= ${blocks}) {`, '  return;', '}'] : []),
    `let b = ${p.batches === 1 ? '0' : `block / ${acrossRows * acrossColumns}`};`,
    `let m0 = block / ${acrossColumns} % ${acrossRows} * ${blockRows};`,
    `let n0 = block % ${acrossColumns} * ${blockColumns};`,
    ...tileLines(p, schedule),
  ];
  const parameters = [
    '@builtin(workgroup_id) group: vec3<u32>',
    '@builtin(local_invocation_id) id: vec3<u32>',
    ...(schedule.staged === null ? [] : ['@builtin(local_invocation_index) lane: u32']),
  ];
  const functions = [
    operandFunction(p, 'lhs_at', ['b', 'm', 'k'], p.lhs, schedule),
    operandFunction(p, 'rhs_at', ['b', 'k', 'n'], p.rhs, schedule),
    storeFunction(p, schedule),
  ].flatMap((lines) => [...lines, '']);
  const about =
    `product over ${domainText(kernel.depth)} for each of ${kernel.batch.length === 0 ? '' : `batch ${domainText(kernel.batch)}, `}rows ` +
    `${domainText(kernel.rows)}, columns ${domainText(kernel.columns)}: ${blockRows} × ${blockColumns} results a workgroup`;
  const globals = schedule.staged === null ? [] : tileVariables(p, schedule, schedule.staged);
  const main = { workgroup: `${wide}, ${high}`, parameters, body };
  return { about, helpers: p.helpers, globals, functions, main, dispatch };
}

/** The columns and rows of a workgroup's block. */
const blockOf = ({ workgroup, perInvocation }: ContractSchedule): readonly [number, number] => [
  workgroup[0] * perInvocation[0],
  workgroup[1] * perInvocation[1],
];

/** The loop variables of the flattened axes. */
const axisVariables = (p: Product): { readonly [K in 'b' | 'm' | 'n' | 'k']: Expr } => ({
  b: index(0, p.batches),
  m: index(1, p.rows),
  n: index(2, p.columns),
  k: index(3, p.depth),
});

/** `fn lhs_at(b, m, k)`: an element of an operand; 0 beyond the depth, where a staged slice overhangs. */
function operandFunction(
  p: Product,
  name: string,
  parameters: readonly ('b' | 'm' | 'n' | 'k')[],
  e: Expr,
  schedule: ContractSchedule,
): string[] {
  const writer = new Writer(operandNames(p.kernel), p.helpers, [e]);
  const variables = axisVariables(p);
  const overhangs = schedule.staged !== null && p.depth % schedule.staged !== 0;
  const body = writer.block(
    parameters.map((v) => [variables[v], v] as const),
    () => {
      if (overhangs) {
        writer.nested(`if (k >= ${p.depth})`, () => writer.line(`return ${p.type}();`));
      }
      writer.line(`return ${writer.result(e)};`);
    },
  );
  return [
    `fn ${name}(${parameters.map((v) => `${v}: i32`).join(', ')}) -> ${p.type} {`,
    ...body.map((l) => `  ${l}`),
    '}',
  ];
}

/** `fn store_at(b, m, n, acc0)`: the epilogue; nothing where a block overhangs the rows or columns. */
function storeFunction(p: Product, schedule: ContractSchedule): string[] {
  const roots = p.stores.flatMap((s) => [s.index, s.value]);
  const writer = new Writer(operandNames(p.kernel), p.helpers, roots);
  const { b, m, n } = axisVariables(p);
  const [blockColumns, blockRows] = blockOf(schedule);
  const beyond = [
    ...(p.rows % blockRows === 0 ? [] : [`m >= ${p.rows}`]),
    ...(p.columns % blockColumns === 0 ? [] : [`n >= ${p.columns}`]),
  ];
  const variables: [Expr, string][] = [
    [b, 'b'],
    [m, 'm'],
    [n, 'n'],
    [acc(0, p.kernel.dtype), 'acc0'],
  ];
  const body = writer.block(variables, () => {
    if (beyond.length > 0) writer.nested(`if (${beyond.join(' || ')})`, () => writer.line('return;'));
    writeStores(p.kernel, p.stores, writer);
  });
  return [`fn store_at(b: i32, m: i32, n: i32, acc0: ${p.type}) {`, ...body.map((l) => `  ${l}`), '}'];
}

function tileVariables(p: Product, schedule: ContractSchedule, staged: number): readonly string[] {
  const [blockColumns, blockRows] = blockOf(schedule);
  return [
    `var<workgroup> lhs_tile: array<vec4<${p.type}>, ${(staged * blockRows) / 4}>; // ${staged} deep, ${blockRows} rows`,
    `var<workgroup> rhs_tile: array<vec4<${p.type}>, ${(staged * blockColumns) / 4}>; // ${staged} deep, ${blockColumns} columns`,
  ];
}

const component = ['x', 'y', 'z', 'w'] as const;

/** Four neighbouring elements of an operand as one vector. */
const four = (f: (offset: string) => string): string =>
  `vec4(${range(4)
    .map((j) => f(j === 0 ? '' : ` + ${j}`))
    .join(', ')})`;

/** The accumulation of one invocation's tile, and its stores. */
function tileLines(p: Product, schedule: ContractSchedule): readonly string[] {
  const [columns, rows] = schedule.perInvocation;
  const vectors = columns / 4;
  const total = (r: number, v: number): string => `acc${r}${vectors === 1 ? '' : `_${v}`}`;
  const each = range(rows).flatMap((r) => range(vectors).map((v) => [r, v] as const));
  const stores = each.flatMap(([r, v]) =>
    component.map((c, j) => {
      const [row, column] = [r === 0 ? 'm' : `m + ${r}`, 4 * v + j === 0 ? 'n' : `n + ${4 * v + j}`];
      return `store_at(b, ${row}, ${column}, ${total(r, v)}.${c});`;
    }),
  );
  const [wide, high] = schedule.workgroup;
  return [
    `let m = m0${high === 1 ? '' : ` + i32(id.y) * ${rows}`};`,
    `let n = n0 + i32(id.x)${columns === 1 || wide === 1 ? '' : ` * ${columns}`};`,
    ...each.map(([r, v]) => `var ${total(r, v)} = vec4<${p.type}>();`),
    ...(schedule.staged === null
      ? directLoop(p, rows, vectors, total)
      : stagedLoop(p, schedule, schedule.staged, total)),
    ...stores,
  ];
}

type Total = (row: number, vector: number) => string;

/** Reads both operands directly at every step. */
function directLoop(p: Product, rows: number, vectors: number, total: Total): readonly string[] {
  const rhs = range(vectors).map(
    (v) => `  let rhs${v} = ${four((plus) => `rhs_at(b, k, n${v === 0 ? plus : ` + ${4 * v}${plus}`})`)};`,
  );
  const updates = range(rows).flatMap((r) => [
    `  let lhs${r} = lhs_at(b, m${r === 0 ? '' : ` + ${r}`}, k);`,
    ...range(vectors).map((v) => `  ${total(r, v)} += lhs${r} * rhs${v};`),
  ]);
  return [`for (var k = 0; k < ${p.depth}; k++) {`, ...rhs, ...updates, '}'];
}

/** Stages a slice of both operands in workgroup memory, then reads it as often as the tile needs it. */
function stagedLoop(p: Product, schedule: ContractSchedule, staged: number, total: Total): readonly string[] {
  const [blockColumns, blockRows] = blockOf(schedule);
  const [columns, rows] = schedule.perInvocation;
  const invocations = schedule.workgroup[0] * schedule.workgroup[1];
  const stage = (tile: string, block: number, at: (offset: string) => string, start: string): readonly string[] => [
    `  for (var s = i32(lane); s < ${(staged * block) / 4}; s += ${invocations}) {`,
    `    let k = k0 + s / ${block / 4};`,
    `    ${start}`,
    `    ${tile}[s] = ${four(at)};`,
    '  }',
  ];
  const reads = (name: string, tile: string, block: number, count: number, id: string): readonly string[] =>
    range(count / 4).map((v) => {
      const inTile = `i32(id.${id})${count === 4 ? '' : ` * ${count / 4}`}${v === 0 ? '' : ` + ${v}`}`;
      return `    let ${name}${v} = ${tile}[k * ${block / 4} + ${inTile}];`;
    });
  const updates = range(rows).flatMap((r) =>
    range(columns / 4).map((v) => `    ${total(r, v)} += lhs${Math.floor(r / 4)}.${component[r % 4] ?? ''} * rhs${v};`),
  );
  return [
    `for (var k0 = 0; k0 < ${p.depth}; k0 += ${staged}) {`,
    ...stage('lhs_tile', blockRows, (plus) => `lhs_at(b, row${plus}, k)`, `let row = m0 + s % ${blockRows / 4} * 4;`),
    ...stage(
      'rhs_tile',
      blockColumns,
      (plus) => `rhs_at(b, k, column${plus})`,
      `let column = n0 + s % ${blockColumns / 4} * 4;`,
    ),
    '  workgroupBarrier();',
    `  for (var k = 0; k < ${staged}; k++) {`,
    ...reads('lhs', 'lhs_tile', blockRows, rows, 'y'),
    ...reads('rhs', 'rhs_tile', blockColumns, columns, 'x'),
    ...updates,
    '  }',
    '  workgroupBarrier();',
    '}',
  ];
}
