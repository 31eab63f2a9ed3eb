import type { ContractKernel } from '../../kernel/kernel.ts';
import { product } from '../../util/array.ts';
import { emitContractAsReduction } from './emit-reduce.ts';
import type { Block, Product } from './product.ts';
import { blockFor, productOf } from './product.ts';
import type { Schedule } from './schedule.ts';
import type { ShaderParts, WgslTarget } from './shader.ts';
import { accessOf, domainText, grid, operandNames } from './shader.ts';
import { storeFunction, storeQuads } from './product-store.ts';
import { Tiles } from './tiles.ts';
import { wideOperands } from './wide.ts';
import { Writer } from './writer.ts';

/** A matrix product: tiles of results in registers, over tiles of both operands in workgroup memory where that pays. */
export function emitContract(
  kernel: ContractKernel,
  target: WgslTarget,
  narrow: ReadonlySet<number>,
): ShaderParts | null {
  if (results(kernel) === 0) return null;
  return isReduction(kernel, target.schedule)
    ? emitContractAsReduction(kernel, target)
    : emitTiled(productOf(kernel), target, narrow);
}

/** The target with the schedule that has been chosen for a product, if one has. */
export function scheduledFor(kernel: ContractKernel, target: WgslTarget): WgslTarget {
  const contract = target.chosen?.(kernel) ?? null;
  return contract === null ? target : { ...target, schedule: { ...target.schedule, contract } };
}

/** Invocations of a product's workgroups. */
export function invocationsOf(kernel: ContractKernel, target: WgslTarget): number {
  const { schedule } = scheduledFor(kernel, target);
  if (results(kernel) === 0 || isReduction(kernel, schedule)) return schedule.lanes;
  return blockFor(productOf(kernel), schedule.contract).invocations;
}

const results = ({ batch, rows, columns }: ContractKernel): number => product(batch) * product(rows) * product(columns);

/** Is it a tiny one, or one with few results, each of which takes long? */
export function isReduction(
  kernel: ContractKernel,
  { contract, longReduction }: Pick<Schedule, 'contract' | 'longReduction'>,
): boolean {
  const { rows, columns, depth } = kernel;
  const few = results(kernel) < contract.fewResults && product(depth) >= longReduction;
  const multiplications = product(rows) * product(columns) * product(depth);
  return few || multiplications === 0 || multiplications < contract.tiny;
}

function emitTiled(p: Product, target: WgslTarget, forbidden: ReadonlySet<number>): ShaderParts {
  const { kernel } = p;
  const block = blockFor(p, target.schedule.contract);
  const { acrossRows, acrossColumns, invocations } = block;
  const [wide, high] = block.workgroup;
  const blocks = p.batches * acrossRows * acrossColumns;
  const dispatch = grid(blocks, target);
  const tiles = new Tiles(p, block);
  const stores = storeQuads(p);
  const values = [...tiles.values, ...stores.flat().flatMap((s) => [s.index, s.value])];
  // Four columns are stored at once only where all four are there.
  const narrow = new Set([...forbidden, ...(p.columns % 4 === 0 ? [] : stores.flat().map((s) => s.operand))]);
  const wideOnes = wideOperands(kernel, values, p.columns % 4 === 0 ? stores : [], narrow);
  const helpers = p.helpers;
  const writer = new Writer(operandNames(kernel, wideOnes), helpers, tiles.values);
  const body = writer.block(block.variables, () => {
    const at = dispatch[1] > 1 ? `i32(group.x + group.y * ${dispatch[0]}u)` : 'i32(group.x)';
    if (blocks > 1) writer.line(`let block = ${at};`);
    if (dispatch[0] * dispatch[1] > blocks) writer.nested(`if (block >= ${blocks})`, () => writer.line('return;'));
    placeLines(block, p.batches).forEach((l) => writer.line(l));
    tiles.write(writer);
  });
  return {
    about: about(p, block),
    helpers,
    access: accessOf(kernel, wideOnes),
    globals: tiles.globals,
    functions: [...tiles.functions, ...storeFunction(p, block, stores, wideOnes), ''],
    main: {
      workgroup: `${wide}, ${high * block.parts}`,
      parameters: [
        ...(blocks > 1 ? ['@builtin(workgroup_id) group: vec3<u32>'] : []),
        ...(invocations > 1 ? ['@builtin(local_invocation_id) id: vec3<u32>'] : []),
        ...(block.staged === null ? [] : ['@builtin(local_invocation_index) index: u32']),
      ],
      body,
    },
    dispatch,
  };
}

/** Where the block is, and the invocation in it. */
function placeLines(
  { acrossRows, acrossColumns, workgroup: [wide, high], parts, staged }: Block,
  batches: number,
): readonly string[] {
  const batch = `block${acrossRows * acrossColumns > 1 ? ` / ${acrossRows * acrossColumns}` : ''}`;
  const row = `block${acrossColumns > 1 ? ` / ${acrossColumns}` : ''}${batches > 1 ? ` % ${acrossRows}` : ''}`;
  const column = `block${acrossRows > 1 || batches > 1 ? ` % ${acrossColumns}` : ''}`;
  return [
    ...(batches > 1 ? [`let b = ${batch};`] : []),
    ...(acrossRows > 1 ? [`let row_block = ${row};`] : []),
    ...(acrossColumns > 1 ? [`let column_block = ${column};`] : []),
    ...(wide > 1 ? ['let x = i32(id.x);'] : []),
    ...(parts > 1
      ? [`let y = i32(id.y) % ${high};`, `let part = i32(id.y) / ${high};`]
      : high > 1
        ? ['let y = i32(id.y);']
        : []),
    ...(staged === null ? [] : ['let lane = i32(index);']),
  ];
}

function about({ kernel }: Product, { rows, columns, staged, parts }: Block): string {
  const batch = kernel.batch.length === 0 ? '' : `batch ${domainText(kernel.batch)}, `;
  const shared = parts === 1 ? '' : `, by ${parts} parts of the workgroup`;
  const where = staged === null ? '' : `, ${staged} deep in workgroup memory${shared}`;
  return (
    `product over ${domainText(kernel.depth)} for each of ${batch}rows ${domainText(kernel.rows)}, ` +
    `columns ${domainText(kernel.columns)}: ${rows} × ${columns} results a workgroup${where}`
  );
}
