import { at } from '../util/array.ts';
import type { Graph, GraphNode, Spot } from './graph.ts';
import { layoutOf } from './graph.ts';
import { caption, cut, escape, round, svg } from './html.ts';

const [nodeHeight, layerGap, margin] = [34, 24, 4];
const longest = 40;

const fills = {
  value: 'fill="#888" fill-opacity=".16"',
  operation: 'fill="#4e79a7" fill-opacity=".3"',
  group: 'fill="#f28e2b" fill-opacity=".3"',
} as const;

const widthOf = ({ title, detail }: GraphNode): number =>
  14 + 6.2 * Math.min(longest, Math.max(title.length, detail.length, 3));

/** A graph as a drawing, with its title above. */
export function drawGraph(graph: Graph): string {
  const { layers, links, width } = layoutOf(graph, widthOf);
  const y = (layer: number): number => margin + layer * (nodeHeight + layerGap);
  const x = (spot: Spot): string => round(spot.x + margin);
  const edges = links.map(({ layer, from, to }) => {
    const [above, below] = [at(at(layers, layer), from), at(at(layers, layer + 1), to)];
    // Where an edge passes a layer, its line goes on straight through.
    const start = y(layer) + (above.node === null ? nodeHeight / 2 : nodeHeight);
    const end = y(layer + 1) + (below.node === null ? nodeHeight / 2 : 0);
    const middle = round((start + end) / 2);
    return `M${x(above)} ${round(start)}C${x(above)} ${middle} ${x(below)} ${middle} ${x(below)} ${round(end)}`;
  });
  const nodes = layers.flatMap((layer, number) =>
    layer.flatMap((spot) => (spot.node === null ? [] : [drawNode(at(graph.nodes, spot.node), spot, y(number))])),
  );
  const height = layers.length * (nodeHeight + layerGap) - layerGap + 2 * margin;
  const lines = `<path fill="none" stroke="currentColor" opacity=".45" d="${edges.join('')}"/>`;
  const drawing = svg(width + 2 * margin, Math.max(0, height), [lines, `<g text-anchor="middle">`, ...nodes, '</g>']);
  return `${graph.title === '' ? '' : caption(`<b>${escape(graph.title)}</b>`)}<div style="overflow-x:auto">${drawing}</div>`;
}

function drawNode({ title, detail, kind }: GraphNode, spot: Spot, y: number): string {
  const middle = round(spot.x + margin);
  const box = `<rect x="${round(spot.x + margin - spot.width / 2)}" y="${round(y)}" width="${round(spot.width)}" height="${nodeHeight}" rx="5" ${fills[kind]}/>`;
  const text = (value: string, down: number, style: string): string =>
    `<text x="${middle}" y="${round(y + down)}"${style}>${escape(cut(value, longest))}</text>`;
  if (detail === '') return `${box}${text(title, 21, '')}`;
  return `${box}${text(title, 15, '')}${text(detail, 28, ' opacity=".7" font-size="9"')}`;
}
