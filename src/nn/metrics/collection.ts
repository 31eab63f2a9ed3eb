import type { Tree } from '../layer.ts';
import type { Metric } from './metric.ts';

type AnyMetric<B extends readonly unknown[]> = Metric<Tree, unknown, B>;

/** The summaries of metrics, by their names. */
export type CollectionState<M> = {
  readonly [K in keyof M]: M[K] extends { readonly init: () => infer S extends Tree } ? S : never;
};

/** The results of metrics, by their names. */
export type CollectionResult<M> = {
  readonly [K in keyof M]: M[K] extends { readonly compute: (state: never) => infer R } ? R : never;
};

/** The arguments that every one of the metrics takes. */
type BatchOf<M> = M[keyof M] extends { readonly update: (state: never, ...batch: infer B) => unknown } ? B : never;

/**
 * Several metrics of the same batches as one: its summary and its result are records with theirs.
 *
 * @example
 * const metric = nn.metrics.collection({ accuracy: nn.metrics.accuracy(), top3: nn.metrics.topKAccuracy(3) });
 * const state = metric.update(metric.init(), np.array([[0.1, 2], [3, 1]]), np.array([1, 1]).astype('i32'));
 * const { accuracy, top3 } = metric.compute(state); // 0.5, 1
 */
export function collection<M extends Readonly<Record<string, unknown>>>(
  metrics: M & Readonly<Record<keyof M, { readonly name: string }>>,
): Metric<CollectionState<M>, CollectionResult<M>, BatchOf<M>> {
  const entries = Object.entries(metrics) as unknown as readonly (readonly [string, AnyMetric<BatchOf<M>>])[];
  const each = <R>(f: (metric: AnyMetric<BatchOf<M>>, name: string) => unknown): R =>
    Object.fromEntries(entries.map(([name, metric]) => [name, f(metric, name)])) as R;
  const part = (state: CollectionState<M>, name: string): Tree => state[name] as Tree;
  return {
    name: `collection(${entries.map(([name]) => name).join(', ')})`,
    init: () => each((m) => m.init()),
    update: (state, ...batch) => each((m, name) => m.update(part(state, name), ...batch)),
    merge: (a, b) => each((m, name) => m.merge(part(a, name), part(b, name))),
    compute: (state) => each((m, name) => m.compute(part(state, name))),
  };
}
