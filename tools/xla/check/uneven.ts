import { join } from 'node:path';
import type { NDArray } from '../../../src/index.ts';
import { lax, makeMesh, numpy as np, P, random, saveBundle } from '../../../src/index.ts';
import type { Curve, Place } from './jobs.ts';
import { curveOf, trainedOnXla } from './jobs.ts';

/** A line fitted to examples that no batch size and no mesh divides, with its errors spread as `spread` says. */
async function fitted(place: Place, name: string, devices: number, spread: (x: NDArray) => NDArray): Promise<Curve> {
  const [examples, features] = [13, 4];
  type Batch = Readonly<Record<string, NDArray>>;
  const step = (w: NDArray, { x = w, y = w }: Batch): readonly [NDArray, NDArray] => {
    const error = spread(x.matmul(w).sub(y));
    return [w.sub(error.matmul(x).mul(0.05)), error.pow(2).mean()];
  };
  const bundle = join(place.folder, `${name}-bundle`);
  await saveBundle(bundle, step, {
    mesh: makeMesh({ data: devices }),
    state: np.zeros([features]),
    data: {
      x: {
        data: Float32Array.from({ length: examples * features }, (_, i) => Math.sin(i)),
        shape: [examples, features],
      },
      y: { data: Float32Array.from({ length: examples }, (_, i) => i / examples), shape: [examples] },
    },
    ...{ batchSize: 8, orderKey: random.key(0), totalSteps: 8 },
  });
  return curveOf(await trainedOnXla(place, name, bundle));
}

/** The losses of a training whose last batches the mesh does not divide where the step constrains them, and those of one device. */
export const unevenCurves = async (place: Place): Promise<readonly [mesh: Curve, one: Curve]> => [
  await fitted(place, 'uneven-mesh', 8, (x) => lax.withShardingConstraint(x, P('data'))),
  await fitted(place, 'uneven-one', 1, (x) => x),
];
