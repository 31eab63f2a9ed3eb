import { showAval } from '../trace/aval.ts';
import type { Atom, ClosedJaxpr, Equation, Jaxpr } from '../trace/jaxpr.ts';
import { Literal, subJaxprs, Var } from '../trace/jaxpr.ts';
import { printJaxpr, printLiteral, variableNames } from '../trace/print.ts';
import type { Shown } from './array.ts';
import { drawGraph } from './drawing.ts';
import type { Graph, GraphEdge, GraphNode } from './graph.ts';
import { caption, cut, escape } from './html.ts';
import { short } from './numbers.ts';

/** Graphs of more equations can't be read, and longer texts are not. */
const [maxEquations, maxLines] = [80, 120];

/** A Jaxpr: its graph, those of the Jaxprs in it, and the text. */
export function showJaxpr({ jaxpr }: ClosedJaxpr): Shown {
  const text = firstLines(printJaxpr(jaxpr));
  const graphs = graphsOf(jaxpr, '');
  const drawn: string[] = [];
  let left = maxEquations;
  for (const graph of graphs) {
    left -= graph.nodes.filter((n) => n.kind !== 'value').length;
    if (left < 0) break;
    drawn.push(drawGraph(graph));
  }
  const missing = graphs.slice(drawn.length).map((g) => g.nodes.filter((n) => n.kind !== 'value').length);
  if (missing.length > 0) drawn.push(caption(`graphs of ${missing.join(' and ')} equations are too large to be drawn`));
  return { html: [...drawn, details('as text', text)].join('\n'), text };
}

/** What one may fold out. */
export const details = (title: string, text: string): string =>
  `<details><summary style="font-size:12px">${escape(title)}</summary><pre style="font-size:11px">${escape(text)}</pre></details>`;

/** A long text's beginning. */
export function firstLines(text: string): string {
  const lines = text.split('\n');
  return lines.length <= maxLines
    ? text
    : [...lines.slice(0, maxLines), `… ${lines.length - maxLines} more lines`].join('\n');
}

/** The graph of a Jaxpr, then those of the loops and branches in it. */
function graphsOf(jaxpr: Jaxpr, title: string): readonly Graph[] {
  const name = variableNames();
  const nodes: GraphNode[] = [];
  const edges: GraphEdge[] = [];
  const source = new Map<Var, number>();
  const inner: Graph[] = [];
  const bind = (variables: readonly Var[], node: GraphNode): void => {
    variables.forEach((v) => source.set(v, nodes.length));
    nodes.push(node);
  };
  const link = (atoms: readonly Atom[]): void => {
    const from = new Set(atoms.flatMap((a) => (a instanceof Var ? [source.get(a) ?? -1] : [])));
    from.forEach((f) => f >= 0 && edges.push({ from: f, to: nodes.length }));
  };
  for (const v of [...jaxpr.constants, ...jaxpr.inputs])
    bind([v], { title: name(v), detail: showAval(v.aval), kind: 'value' });
  for (const e of jaxpr.equations) {
    const names = e.outputs.map(name).join(' ');
    const bodies = subJaxprs(e.params);
    bodies.forEach((b, i) =>
      inner.push(...graphsOf(b, `${bodies.length === 1 ? '' : `${i + 1} of `}${e.primitive.name} in ${names}`)),
    );
    link(e.inputs);
    bind(e.outputs, equationNode(e, names, bodies.length > 0));
  }
  for (const o of jaxpr.outputs) {
    link([o]);
    nodes.push({ title: o instanceof Literal ? printLiteral(o) : name(o), detail: 'result', kind: 'value' });
  }
  return [{ title, nodes, edges }, ...inner];
}

function equationNode({ primitive, inputs, outputs }: Equation, names: string, holdsJaxpr: boolean): GraphNode {
  const literals = inputs.filter((a) => a instanceof Literal).map((a) => short(a.value));
  return {
    title: `${names === '' ? '' : `${names} = `}${[primitive.name, ...literals].join(' ')}`,
    detail: cut(outputs.map((o) => showAval(o.aval)).join(' '), 40),
    kind: holdsJaxpr ? 'group' : 'operation',
  };
}
