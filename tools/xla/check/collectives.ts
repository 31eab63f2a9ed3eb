/** The reductions across devices in the text of a compiled program. */

/** One all-reduce: over how many devices at a time, and of how many elements. */
export interface AllReduce {
  readonly groupSize: number;
  readonly elements: number;
}

/** All of them. */
export const allReduces = (hlo: string): readonly AllReduce[] =>
  hlo.split('\n').flatMap((line) => {
    const found = /^\s*(?:ROOT )?%\S+ = (.*?) all-reduce(?:-start)?\(/.exec(line);
    return found === null ? [] : [{ groupSize: groupSize(line), elements: elements(found[1] ?? '') }];
  });

/** Of `mesh['a'=4,'b'=2] {'a'}`, `[4,2]<=[8]` (groups, devices in each) or `{{0,1},{2,3}}`. */
function groupSize(line: string): number {
  const [, sizes, names] = /replica_groups=mesh\[([^\]]*)\] \{([^}]*)\}/.exec(line) ?? [];
  if (sizes !== undefined && names !== undefined) {
    const size = new Map([...sizes.matchAll(/('[^']*')=(\d+)/g)].map(([, name, n]) => [name, Number(n)]));
    return [...names.matchAll(/'[^']*'/g)].reduce((n, [name]) => n * (size.get(name) ?? NaN), 1);
  }
  const iota = /replica_groups=\[\d+,(\d+)\]<=/.exec(line);
  if (iota !== null) return Number(iota[1]);
  const listed = /replica_groups=\{\{([^}]*)\}/.exec(line);
  return listed === null ? NaN : (listed[1] ?? '').split(',').length;
}

/** Of a type, or of a tuple of types: `(f32[16]{0}, f32[])`. */
const elements = (types: string): number =>
  [...types.matchAll(/[a-z]\w*\[([\d,]*)\]/g)].reduce(
    (sum, [, extents]) => sum + (extents ?? '').split(',').reduce((n, e) => n * (e === '' ? 1 : Number(e)), 1),
    0,
  );
