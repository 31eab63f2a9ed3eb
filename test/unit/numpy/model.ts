/** NumPy's indexing, one element at a time: an independent reading of its rules, for arrays as flat lists. */

/** A row-major array on the host. */
export interface Model {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** An indexer: a number, a slice, a new axis, an ellipsis, or an array of positions. */
export type ModelIndexer = number | readonly (number | null)[] | null | '...' | Model;

const isArray = (i: ModelIndexer): i is Model => typeof i === 'object' && i !== null && 'data' in i;
const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** The positions of a slice, as Python's `range(*slice.indices(n))`. */
function sliced([start = null, stop = null, step = null]: readonly (number | null)[], n: number): readonly number[] {
  const by = step ?? 1;
  const bound = (v: number | null, none: number): number => {
    if (v === null) return none;
    const counted = v < 0 ? v + n : v;
    return by > 0 ? Math.min(Math.max(counted, 0), n) : Math.min(Math.max(counted, -1), n - 1);
  };
  const [from, to] = [bound(start, by > 0 ? 0 : n - 1), bound(stop, by > 0 ? n : -1)];
  const out: number[] = [];
  for (let i = from; by > 0 ? i < to : i > to; i += by) out.push(i);
  return out;
}

/** Where each element of the result comes from: the linear positions in the array, in the result's shape. */
export function positionsOf(shape: readonly number[], indexers: readonly ModelIndexer[]): Model {
  const taken = indexers.filter((i) => i !== null && i !== '...').length;
  const rest = Array.from({ length: shape.length - taken }, (): ModelIndexer => []);
  const full = indexers.includes('...')
    ? indexers.flatMap((i): readonly ModelIndexer[] => (i === '...' ? (rest.length > 0 ? rest : ['...']) : [i]))
    : [...indexers, ...rest];
  const arrays = full.filter(isArray);
  const rank = Math.max(0, ...arrays.map((a) => a.shape.length));
  const common = Array.from({ length: rank }, (_, d) => {
    const extents = arrays.map((a) => a.shape[d - rank + a.shape.length] ?? 1);
    return extents.find((n) => n !== 1) ?? 1;
  });
  const advanced = (i: ModelIndexer): boolean => isArray(i) || (arrays.length > 0 && typeof i === 'number');
  const first = full.findIndex(advanced);
  const together = full.slice(first, full.findLastIndex(advanced) + 1).every(advanced);
  // The result's axes: numbers of axes of the array, 'new', or the common axes of the arrays.
  const axes: (number | 'new' | 'common')[] = together || arrays.length === 0 ? [] : ['common'];
  let axis = 0;
  full.forEach((i, k) => {
    if (together && arrays.length > 0 && k === first) axes.push('common');
    if (i === null) axes.push('new');
    else if (i !== '...') {
      if (!advanced(i) && typeof i !== 'number') axes.push(axis);
      axis++;
    }
  });
  const perAxis = full.filter((i) => i !== null && i !== '...');
  const ranges = perAxis.map((i, a) => (Array.isArray(i) ? sliced(i as readonly number[], shape[a] ?? 0) : []));
  const result = axes.flatMap((a) => (a === 'new' ? [1] : a === 'common' ? common : [ranges[a]?.length ?? 0]));
  const data = Array.from({ length: size(result) }, (_, linear) => {
    const coordinate = unflatten(linear, result);
    let next = 0;
    const at: Record<number, number> = {};
    let where: readonly number[] = [];
    for (const a of axes) {
      if (a === 'common') {
        where = coordinate.slice(next, next + rank);
        next += rank;
      } else {
        if (a !== 'new') at[a] = ranges[a]?.[coordinate[next] ?? 0] ?? 0;
        next++;
      }
    }
    return perAxis.reduce<number>((position, i, a) => {
      const n = shape[a] ?? 0;
      const p = typeof i === 'number' ? i : isArray(i) ? element(i, where) : (at[a] ?? 0);
      return position * n + (p < 0 ? p + n : p);
    }, 0);
  });
  return { shape: result, data };
}

function unflatten(linear: number, shape: readonly number[]): readonly number[] {
  const out: number[] = [];
  let rest = linear;
  for (const n of [...shape].reverse()) {
    out.unshift(rest % n);
    rest = Math.floor(rest / n);
  }
  return out;
}

/** The element of an array that broadcasts to the coordinate's rank. */
function element({ shape, data }: Model, coordinate: readonly number[]): number {
  const own = coordinate.slice(coordinate.length - shape.length);
  return data[shape.reduce((p, n, d) => p * n + (n === 1 ? 0 : (own[d] ?? 0)), 0)] ?? NaN;
}
