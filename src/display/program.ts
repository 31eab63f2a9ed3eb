import type { Program, Step } from '../kernel/program.ts';
import type { KernelCost } from '../compiler/report.ts';
import type { Inspection } from '../transforms/stages.ts';
import { range } from '../util/array.ts';
import type { Shown } from './array.ts';
import { drawGraph } from './drawing.ts';
import type { Graph, GraphEdge, GraphNode } from './graph.ts';
import type { Cell } from './html.ts';
import { caption, cut, escape, table } from './html.ts';
import { details, firstLines } from './jaxpr.ts';
import { memoryPlan } from './memory.ts';
import { bytesText, counted, short } from './numbers.ts';

/** More kernels can't be read in a graph, and more rows not in a table. */
const [maxKernels, maxRows] = [80, 40];
/** Arguments and results are drawn where they are this few. */
const maxEnds = 12;

/** A lowered function: the graph of its kernels, what each costs, and where in memory everything lies. */
export function showInspection(inspection: Inspection): Shown {
  const { program } = inspection;
  const cost = inspection.costAnalysis();
  const sum =
    `${program.name}: ${cost.kernels} ${cost.kernels === 1 ? 'kernel' : 'kernels'}, ${counted(cost.flops, 'flop')}, ` +
    `${bytesText(cost.bytesMoved)} moved, ${bytesText(cost.peakBytes)} of memory, ${bytesText(cost.temporaryBytes)} of it temporary`;
  const graphs = graphsOf(program, program.steps, '');
  const drawable = graphs.reduce((n, g) => n + g.nodes.length, 0) <= maxKernels + 2 * maxEnds;
  const html = [
    caption(escape(sum)),
    ...(drawable ? graphs.map(drawGraph) : [caption(`a graph of ${cost.kernels} kernels is too large to be drawn`)]),
    costs(cost.byKernel),
    memoryPlan(program),
    details('the kernels as text', firstLines(inspection.asText('kernels'))),
  ];
  return { html: html.join('\n'), text: sum };
}

/** The kernels of a list of steps and what leads from one to another, then the same of each loop and branch in it. */
function graphsOf(program: Program, steps: readonly Step[], title: string): readonly Graph[] {
  const nodes: GraphNode[] = [];
  const edges: GraphEdge[] = [];
  const writer = new Map<number, number>();
  const inner: Graph[] = [];
  const typeOf = (b: number): string => `${program.buffers[b]?.dtype ?? ''}[${program.buffers[b]?.length ?? 0}]`;
  const link = (buffers: Iterable<number>): void => {
    const from = new Set([...buffers].flatMap((b) => writer.get(b) ?? []));
    from.forEach((f) => edges.push({ from: f, to: nodes.length }));
  };
  const top = title === '';
  if (top && program.inputs.length <= maxEnds) {
    for (const b of program.inputs) {
      writer.set(b, nodes.length);
      nodes.push({ title: `%${b}`, detail: typeOf(b), kind: 'value' });
    }
  }
  for (const step of steps) {
    const { reads, writes } = buffersOf(step);
    link(reads);
    writes.forEach((b) => writer.set(b, nodes.length));
    nodes.push(stepNode(step));
    for (const [name, body] of bodiesOf(step)) inner.push(...graphsOf(program, body, name));
  }
  if (top && program.outputs.length <= maxEnds) {
    for (const b of program.outputs) {
      link([b]);
      nodes.push({ title: `%${b}`, detail: `result ${typeOf(b)}`, kind: 'value' });
    }
  }
  return [{ title, nodes, edges }, ...inner];
}

function stepNode(step: Step): GraphNode {
  if (step.kind === 'run') return { title: step.kernel.name, detail: step.kernel.source, kind: 'operation' };
  const detail =
    step.kind === 'branch' ? `${step.branches.length} branches` : `${String(step.trips ?? 'as many as needed')} times`;
  return { title: `${step.kind} ${step.name}`, detail, kind: 'group' };
}

function bodiesOf(step: Step): readonly (readonly [name: string, body: readonly Step[]])[] {
  if (step.kind === 'run') return [];
  if (step.kind === 'branch') return step.branches.map((b, i) => [`branch ${i} of ${step.name}`, b] as const);
  const body = [`each time in loop ${step.name}`, step.body] as const;
  return step.trips === null ? [[`test of loop ${step.name}`, step.test], body] : [body];
}

/** The buffers that a step reads and writes, in what is inside it too. */
function buffersOf(step: Step): { readonly reads: ReadonlySet<number>; readonly writes: ReadonlySet<number> } {
  const [reads, writes] = [new Set<number>(), new Set<number>()];
  if (step.kind === 'run') {
    step.args.forEach((b, i) => {
      const access = step.kernel.operands[i]?.access;
      if (access !== 'write') reads.add(b);
      if (access !== 'read') writes.add(b);
    });
  }
  for (const inner of bodiesOf(step).flatMap(([, body]) => body.map(buffersOf))) {
    inner.reads.forEach((b) => reads.add(b));
    inner.writes.forEach((b) => writes.add(b));
  }
  if (step.kind === 'branch') reads.add(step.index);
  return { reads, writes };
}

function costs(kernels: readonly KernelCost[]): string {
  const order = range(kernels.length).sort((a, b) => (kernels[b]?.bytesMoved ?? 0) - (kernels[a]?.bytesMoved ?? 0));
  const kept = new Set(order.slice(0, maxRows));
  const rows = kernels
    .filter((_, i) => kept.has(i))
    .map(({ name, source, times, flops, bytesMoved }): readonly Cell[] => [
      { html: `<code>${escape(name)}</code>`, align: 'left' },
      { html: escape(cut(source, 70)), align: 'left' },
      { html: String(times) },
      { html: counted(flops) },
      { html: bytesText(bytesMoved) },
      { html: bytesMoved === 0 ? '' : short(Number((flops / bytesMoved).toPrecision(2))) },
    ]);
  const more = kernels.length > maxRows ? caption(`the ${maxRows} that move most of ${kernels.length} kernels`) : '';
  return table(['kernel', 'from', 'times', 'flop', 'moved', 'flop/byte'], rows) + more;
}
