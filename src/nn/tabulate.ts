import type { DType } from '../kernel/dtype.ts';
import { key as keyOf } from '../random/index.ts';
import { ShapeDtypeStruct } from '../trace/abstract.ts';
import type { Shape } from '../trace/aval.ts';
import type { NDArray } from '../trace/value.ts';
import { evalShape } from '../transforms/eval-shape.ts';
import { jit } from '../transforms/jit.ts';
import { flatten, leaves, unflatten } from '../tree/tree.ts';
import { at, product } from '../util/array.ts';
import type { Branching, Layer, Tree } from './layer.ts';
import { isSequential } from './sequential.ts';

/**
 * How many numbers a tree of arrays has: of a layer's parameters, those that training changes.
 *
 * @example
 * nn.countParams(nn.dense(10).init(key, [784]).params); // 7850
 */
export const countParams = (params: unknown): number =>
  leaves(params).reduce((count: number, leaf) => count + product((leaf as { readonly shape: Shape }).shape), 0);

/** Options of {@link tabulate}. */
export interface TabulateOptions {
  /** Of the inputs; default f32. Layers such as `embedding` take integers. */
  readonly dtype?: DType;
}

interface Row {
  readonly name: string;
  /** How many layers it is a part of. */
  readonly depth: number;
  readonly output: ShapeDtypeStruct;
  readonly params: number;
  readonly flops: number;
}

/**
 * A table of a layer's parts, as text: what each makes of an example, how many parameters it has, and how many
 * floating-point operations one example takes in evaluation (a transcendental function is one), as the program says that
 * is compiled for the default device. Nothing is computed. Of a sequence, each layer is a row; of a layer that is made of others,
 * such as `residual`, those are the rows under it.
 *
 * @param inputShape the shape of one example, without the batch axis.
 * @example
 * console.log(tabulate(sequential(flatten(), dense(64), relu, dense(10)), [28, 28, 1]));
 * // layer      output          parameters    flops
 * // input      f32[28,28,1]
 * // flatten    f32[784]                 0        0
 * // dense(64)  f32[64]             50,240  100,416
 * // relu       f32[64]                  0        0
 * // dense(10)  f32[10]                650    1,290
 * // total                          50,890  101,706
 */
export function tabulate(layer: Layer, inputShape: Shape, { dtype = 'f32' }: TabulateOptions = {}): string {
  const input = new ShapeDtypeStruct([1, ...inputShape], dtype);
  const rows = rowsOf(layer, input, 0);
  const sum = (of: (row: Row) => number): string =>
    grouped(rows.reduce((total, row) => total + (row.depth === 0 ? of(row) : 0), 0));
  return aligned([
    ['layer', 'output', 'parameters', 'flops'],
    ['input', showExample(input), '', ''],
    ...rows.map((row) => [
      '  '.repeat(row.depth) + row.name,
      showExample(row.output),
      grouped(row.params),
      grouped(row.flops),
    ]),
    ['total', '', sum(({ params }) => params), sum(({ flops }) => flops)],
  ]);
}

const isBranching = (layer: Layer): layer is Layer & Branching => 'branches' in layer;

/** The rows of the layers of a sequence, or of another layer and those that it is made of. */
function rowsOf(layer: Layer, input: ShapeDtypeStruct, depth: number): readonly Row[] {
  if (!isSequential(layer)) return withBranches(layer, isBranching(layer) ? layer.branches : [], input, depth);
  const rows: Row[] = [];
  let before = input;
  for (const part of layer.layers) {
    const own = rowsOf(part, before, depth);
    rows.push(...own);
    before = at(own, 0).output;
  }
  return rows;
}

function withBranches(
  layer: Layer,
  branches: readonly Layer[],
  input: ShapeDtypeStruct,
  depth: number,
): readonly Row[] {
  const name = branches.reduce((text, branch) => text.replace(branch.name, '…'), layer.name);
  const own = { ...rowOf(layer, input), name, depth };
  // Where there are several, a sequence is a row of its own, so that one can see where it ends.
  const parts = branches.flatMap((branch) =>
    branches.length > 1 && isSequential(branch)
      ? [{ ...rowOf(branch, input), name: 'sequential', depth: depth + 1 }, ...rowsOf(branch, input, depth + 2)]
      : rowsOf(branch, input, depth + 1),
  );
  return [own, ...parts];
}

function rowOf(layer: Layer, input: ShapeDtypeStruct): Omit<Row, 'name' | 'depth'> {
  let begun = flatten([null, null]);
  const begin = (key: NDArray): readonly NDArray[] => {
    const { params, state } = layer.init(key, input.shape.slice(1));
    begun = flatten([params, state]);
    return begun.leaves as readonly NDArray[];
  };
  const arrays = evalShape(begin, keyOf(0));
  const apply = (own: readonly NDArray[], x: NDArray): NDArray => {
    const [params, state] = unflatten<readonly [Tree, Tree]>(begun.treedef, own);
    return layer.apply(params, state, x, { training: false })[0];
  };
  const traced = jit(apply).trace(arrays, input);
  const [params] = unflatten<readonly [unknown, unknown]>(begun.treedef, arrays);
  const { flops } = traced.lower().costAnalysis();
  return { output: traced.outInfo, params: countParams(params), flops };
}

/** The type of one example of a batch. */
const showExample = ({ dtype, shape }: ShapeDtypeStruct): string => `${dtype}[${shape.slice(1).join()}]`;

/** `12,345`. */
const grouped = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, ',');

/** Lines of cells: the first two columns begin where their titles do, numbers end there. */
function aligned(lines: readonly (readonly string[])[]): string {
  const widths = at(lines, 0).map((_, column) => Math.max(...lines.map((line) => at(line, column).length)));
  const cell = (text: string, column: number): string =>
    column < 2 ? text.padEnd(at(widths, column)) : text.padStart(at(widths, column));
  return lines.map((line) => line.map(cell).join('  ').trimEnd()).join('\n');
}
