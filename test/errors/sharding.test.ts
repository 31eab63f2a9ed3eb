import { describe, expect, test } from 'vitest';
import type { MistakeError, Shardings } from '../../src/index.ts';
import {
  exportStableHlo,
  lax,
  makeMesh,
  Mesh,
  NamedSharding,
  numpy as np,
  P,
  ShardingError,
  withShardingConstraint,
} from '../../src/index.ts';

/** What meshes and shardings say of bad input. */

const mesh = makeMesh({ data: 4, model: 2 });
const x = np.ones([8, 6]);
const double = (y: typeof x): typeof x => y.mul(2);
const lost = (y: typeof x): typeof x => withShardingConstraint(y, P(null, 'dta')).sum();

interface Mistake {
  readonly what: string;
  readonly make: () => unknown;
  readonly code: string;
  readonly says: string;
}

const mistakes: readonly Mistake[] = [
  {
    what: 'a mesh without axes',
    make: () => makeMesh({}),
    code: 'sharding-mesh',
    says: '[makeMesh] a mesh needs an axis: makeMesh({ data: 8 })',
  },
  {
    what: 'an axis of no devices',
    make: () => makeMesh({ data: 0 }),
    code: 'sharding-mesh',
    says: '[makeMesh] the size of data must be a whole number from 1, got 0',
  },
  {
    what: 'an axis with a number for a name',
    make: () => makeMesh({ 1: 2 }),
    code: 'sharding-mesh',
    says: '[makeMesh] an axis is named by letters, digits and _, not "1"',
  },
  {
    what: 'a mesh of nothing',
    make: () => makeMesh(undefined as never),
    code: 'sharding-mesh',
    says: '[makeMesh] needs the sizes of axes by name, makeMesh({ data: 8 }), got undefined',
  },
  {
    what: 'a mesh of sizes alone',
    make: () => makeMesh([8] as never),
    code: 'sharding-mesh',
    says: '[makeMesh] needs the sizes of axes by name, makeMesh({ data: 8 }), got [8]',
  },
  {
    what: 'a mesh from what is no list',
    make: () => new Mesh({ data: 4 } as never),
    code: 'sharding-mesh',
    says: '[Mesh] needs a list of axes, got {"data":4}: makeMesh({ data: 8 })',
  },
  {
    what: 'a mesh from a list of something else',
    make: () => new Mesh([null] as never),
    code: 'sharding-mesh',
    says: "[Mesh] an axis is like { name: 'data', size: 8 }, not null",
  },
  {
    what: 'a mesh with an axis of half a device',
    make: () => new Mesh([{ name: 'data', size: 0.5 }]),
    code: 'sharding-mesh',
    says: '[Mesh] the size of data must be a whole number from 1, got 0.5',
  },
  {
    what: 'a mesh with one axis twice',
    make: () => new Mesh([...mesh.axes, ...mesh.axes]),
    code: 'sharding-mesh',
    says: '[Mesh] there are two axes called data',
  },
  {
    what: 'a sharding over no mesh',
    make: () => new NamedSharding({ data: 4 } as never, P('data')),
    code: 'sharding-mesh',
    says: '[NamedSharding] the mesh must be one of makeMesh({ data: 8 }), got {"data":4}',
  },
  {
    what: 'a sharding without a spec',
    make: () => new NamedSharding(mesh, 'data' as never),
    code: 'sharding-value',
    says: `[NamedSharding] needs a spec like P('data', null), got "data"`,
  },
  {
    what: 'an entry that JSON has no word for',
    make: () => P(1n as never),
    code: 'sharding-value',
    says: '[P] an entry is the name of a mesh axis, a list of names, or null, not 1n',
  },
  {
    what: 'an export for what is no mesh',
    make: () => exportStableHlo(double, [x], { mesh: { data: 4 } as never }),
    code: 'sharding-mesh',
    says: '[exportStableHlo] the mesh must be one of makeMesh({ data: 8 }), got {"data":4}',
  },
  {
    what: 'an export with shardings over two meshes',
    make: () =>
      exportStableHlo(double, [x], {
        inShardings: new NamedSharding(mesh, P('data')),
        outShardings: new NamedSharding(makeMesh({ data: 8 }), P('data')),
      }),
    code: 'sharding-mesh',
    says: '[exportStableHlo] the result is sharded as P("data") over data=8, but the mesh is data=4, model=2',
  },
  {
    what: 'a mesh axis for two axes',
    make: () => P('data', ['model', 'data']),
    code: 'sharding-axis',
    says: '[P] P("data", ["model","data"]) uses the mesh axis "data" twice',
  },
  {
    what: 'an entry that is none',
    make: () => P(3 as unknown as string),
    code: 'sharding-value',
    says: '[P] an entry is the name of a mesh axis, a list of names, or null, not 3',
  },
  {
    what: 'an axis that the mesh has not',
    make: () => new NamedSharding(mesh, P('dta')),
    code: 'sharding-axis',
    says: '[NamedSharding] P("dta") names the axis "dta", which the mesh has not: it has data=4, model=2',
  },
  {
    what: 'more entries than axes',
    make: () => withShardingConstraint(x, P('data', null, 'model')),
    code: 'sharding-rank',
    says: '[withShardingConstraint] P("data", null, "model") has 3 entries, but x, f32[8,6], has 2 axes',
  },
  {
    what: 'a tree of shardings of another structure',
    make: () => withShardingConstraint({ a: x, b: [x, x] }, { a: null, b: [P()] }),
    code: 'sharding-tree',
    says: '[withShardingConstraint] shardings.b needs a sharding, or a tuple of 2, got a tuple of 1',
  },
  {
    what: 'something else for a sharding',
    make: () => withShardingConstraint({ a: x }, { a: 'data' } as unknown as Shardings),
    code: 'sharding-tree',
    says: '[withShardingConstraint] shardings.a needs a sharding, got "data"',
  },
  {
    what: 'an export with shardings for no mesh',
    make: () => exportStableHlo(double, [x], { inShardings: P('data') }),
    code: 'sharding-mesh',
    says: '[exportStableHlo] inShardings need a mesh: exportStableHlo(f, args, { mesh, inShardings })',
  },
  {
    what: 'an export of an argument that the mesh does not divide',
    make: () =>
      exportStableHlo((b: { y: typeof x }) => double(b.y), [{ y: x }], { mesh, inShardings: [P(null, 'data')] }),
    code: 'sharding-indivisible',
    says: "[exportStableHlo] axis 1 of arguments[0].y, f32[8,6], can't be spread over data=4: 6 is no multiple of 4",
  },
  {
    what: 'an export of a result over an axis that the mesh has not',
    make: () => exportStableHlo(double, [x], { mesh, outShardings: P('expert') }),
    code: 'sharding-axis',
    says: '[exportStableHlo] P("expert") names the axis "expert", which the mesh has not: it has data=4, model=2',
  },
  {
    what: 'an export with a sharding of another mesh',
    make: () =>
      exportStableHlo(double, [x], { mesh, inShardings: new NamedSharding(makeMesh({ data: 8 }), P('data')) }),
    code: 'sharding-mesh',
    says: '[exportStableHlo] arguments[0] is sharded as P("data") over data=8, but the mesh is data=4, model=2',
  },
  {
    what: 'an export of a function that constrains to an axis that the mesh has not, in a loop',
    make: () =>
      exportStableHlo((y: typeof x) => lax.map((z: typeof x) => lost(z), y.reshape([2, 4, 6])), [x], { mesh }),
    code: 'sharding-axis',
    says: '[exportStableHlo] P(null, "dta") names the axis "dta", which the mesh has not: it has data=4, model=2',
  },
];

describe('a sharding that can not be', () => {
  test.each(mistakes)('$what', ({ make, code, says }) => {
    let error: unknown;
    try {
      make();
    } catch (e) {
      error = e;
    }
    expect(error).toBeInstanceOf(ShardingError);
    expect(error).toMatchObject({ code });
    expect((error as MistakeError).message.split(' [at ')[0]).toBe(says);
  });
});
