import { at, range } from '../util/array.ts';

/** A node of a drawn graph: a title, and a line below it. */
export interface GraphNode {
  readonly title: string;
  readonly detail: string;
  readonly kind: 'value' | 'operation' | 'group';
}

/** What leads from one node to another; edges lead to nodes that come later in the list. */
export interface GraphEdge {
  readonly from: number;
  readonly to: number;
}

export interface Graph {
  readonly title: string;
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

/** A place in the layout: of a node, or, without one, of an edge that passes a layer. */
export interface Spot {
  readonly node: number | null;
  readonly width: number;
  /** Of its middle. */
  readonly x: number;
}

/** Spots in layers from the top, and the lines between spots of neighbouring layers. */
export interface Layout {
  readonly layers: readonly (readonly Spot[])[];
  readonly links: readonly Link[];
  readonly width: number;
}

/** A line from a spot of a layer to one of the next; spots by their place in the layer. */
export interface Link {
  readonly layer: number;
  readonly from: number;
  readonly to: number;
}

const gap = 14;
const sweeps = 6;

/** A spot while its place is looked for. */
interface Draft {
  readonly node: number | null;
  readonly width: number;
  readonly above: Draft[];
  readonly below: Draft[];
  x: number;
}

/**
 * Places a graph in layers (Sugiyama's method): each node below all that leads to it, edges over several layers through
 * places of their own, layers ordered by the means of their neighbours, then moved towards them.
 */
export function layoutOf({ nodes, edges }: Graph, widthOf: (node: GraphNode) => number): Layout {
  const layers = drafts(nodes.map(widthOf), edges, layerNumbers(nodes.length, edges));
  for (let i = 0; i < sweeps; i++) {
    for (const layer of layers) sortByMean(layer, (d) => d.above);
    for (const layer of [...layers].reverse()) sortByMean(layer, (d) => d.below);
  }
  layers.forEach((layer) => spread(layer, () => null));
  for (let i = 0; i < sweeps; i++) {
    for (const layer of layers) spread(layer, (d) => meanOf(d.above));
    for (const layer of [...layers].reverse()) spread(layer, (d) => meanOf([...d.below, ...d.above]));
  }
  return finished(layers);
}

/** The layer of each node: one below the lowest that leads to it; what nothing leads to stands close to where it is used. */
function layerNumbers(count: number, edges: readonly GraphEdge[]): readonly number[] {
  const layer = new Array<number>(count).fill(0);
  const targets = new Set(edges.map((e) => e.to));
  const outgoing = range(count).map((n) => edges.filter((e) => e.from === n).map((e) => e.to));
  outgoing.forEach((to, n) => to.forEach((t) => (layer[t] = Math.max(at(layer, t), at(layer, n) + 1))));
  outgoing.forEach((to, n) => {
    if (!targets.has(n) && to.length > 0) layer[n] = Math.min(...to.map((t) => at(layer, t))) - 1;
  });
  return layer;
}

/** Spots for nodes, and for edges in the layers that they pass; edges from one node share them. */
function drafts(widths: readonly number[], edges: readonly GraphEdge[], numbers: readonly number[]): Draft[][] {
  const layers: Draft[][] = range(Math.max(-1, ...numbers) + 1).map(() => []);
  const add = (layer: number, node: number | null, width: number): Draft => {
    const draft: Draft = { node, width, above: [], below: [], x: 0 };
    at(layers, layer).push(draft);
    return draft;
  };
  const own = widths.map((width, n) => add(at(numbers, n), n, width));
  const passing = new Map<string, Draft>();
  for (const { from, to } of edges) {
    let above = at(own, from);
    for (let layer = at(numbers, from) + 1; layer < at(numbers, to); layer++) {
      const key = `${from} ${layer}`;
      const draft = passing.get(key) ?? add(layer, null, 2);
      passing.set(key, draft);
      connect(above, draft);
      above = draft;
    }
    connect(above, at(own, to));
  }
  return layers;
}

function connect(above: Draft, below: Draft): void {
  if (above.below.includes(below)) return;
  above.below.push(below);
  below.above.push(above);
}

const meanOf = (drafts: readonly Draft[]): number | null =>
  drafts.length === 0 ? null : drafts.reduce((sum, d) => sum + d.x, 0) / drafts.length;

/** Orders a layer by the means of its spots' neighbours, and numbers it; what has none stays where it is. */
function sortByMean(layer: Draft[], neighbours: (d: Draft) => readonly Draft[]): void {
  const means = new Map(layer.map((d, i) => [d, meanOf(neighbours(d)) ?? i] as const));
  layer.sort((a, b) => (means.get(a) ?? 0) - (means.get(b) ?? 0));
  layer.forEach((d, i) => (d.x = i));
}

/** Moves spots to where they want to be, as far as their order and widths allow: the mean of pushing right and pushing left. */
function spread(layer: readonly Draft[], wanted: (d: Draft) => number | null): void {
  const wishes = layer.map((d) => wanted(d) ?? d.x);
  const distance = (i: number): number => (at(layer, i - 1).width + at(layer, i).width) / 2 + gap;
  const right = [...wishes];
  for (let i = 1; i < layer.length; i++) right[i] = Math.max(at(wishes, i), at(right, i - 1) + distance(i));
  const left = [...wishes];
  for (let i = layer.length - 2; i >= 0; i--) left[i] = Math.min(at(wishes, i), at(left, i + 1) - distance(i + 1));
  layer.forEach((d, i) => (d.x = (at(right, i) + at(left, i)) / 2));
}

function finished(layers: readonly (readonly Draft[])[]): Layout {
  const all = layers.flat();
  const start = Math.min(0, ...all.map((d) => d.x - d.width / 2));
  const end = Math.max(0, ...all.map((d) => d.x + d.width / 2));
  return {
    layers: layers.map((layer) => layer.map(({ node, width, x }) => ({ node, width, x: x - start }))),
    links: layers.flatMap((layer, number) =>
      layer.flatMap((d, from) => d.below.map((b) => ({ layer: number, from, to: at(layers, number + 1).indexOf(b) }))),
    ),
    width: end - start,
  };
}
