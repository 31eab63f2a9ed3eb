import type { ExtraArgs, GradientTransformation } from './transformation.ts';
import { zerosLike } from './trees.ts';

/** Measures of updates as they pass through a chain. */

/** What {@link snapshot} remembers. */
export type SnapshotState = { readonly measurement: Readonly<Record<string, unknown>> };

/**
 * Remembers a measure of the updates that pass, which themselves stay as they are. As `optax.snapshot`.
 *
 * @param measure from a tree of updates to arrays of fixed shapes.
 * @example
 * const optimizer = chain(snapshot('gradientNorm', globalNorm), adam(1e-3));
 * treeGet(state, 'gradientNorm');
 */
export const snapshot = (
  measureName: string,
  measure: (updates: unknown) => unknown,
): GradientTransformation<SnapshotState> => ({
  init: (params) => ({ measurement: { [measureName]: zerosLike(measure(params)) } }),
  update: (updates) => [updates, { measurement: { [measureName]: measure(updates) } }],
});

/** A measure with a state: what has the form of a transformation, and gives whatever it measures. */
export interface Measurement<S = unknown> {
  init(params: unknown): S;
  update(updates: unknown, state: S, params?: unknown, extra?: ExtraArgs): readonly [measured: unknown, state: S];
}

/** What {@link monitor} remembers. */
export type MonitorState = {
  readonly measurements: Readonly<Record<string, unknown>>;
  readonly measureStates: readonly unknown[];
};

const withState = (measure: Measurement | ((updates: unknown) => unknown)): Measurement =>
  typeof measure === 'function' ? { init: () => null, update: (u, state) => [measure(u), state] } : measure;

/**
 * Remembers several measures of the updates that pass, each a function or something with a state of its own, such as `ema`. As
 * `optax.monitor`.
 *
 * @example
 * chain(monitor({ norm: globalNorm, mean: ema(0.9) }), adam(1e-3));
 */
export function monitor(
  measures: Readonly<Record<string, Measurement | ((updates: unknown) => unknown)>>,
): GradientTransformation<MonitorState> {
  const entries = Object.entries(measures).map(([name, measure]) => [name, withState(measure)] as const);
  return {
    init(params) {
      const measureStates = entries.map(([, measure]) => measure.init(params));
      // What is measured of the parameters has the types of what will be measured of updates.
      const first = entries.map(([name, m], i) => [name, zerosLike(m.update(params, measureStates[i], params)[0])]);
      return { measurements: Object.fromEntries(first) as Readonly<Record<string, unknown>>, measureStates };
    },
    update(updates, state, params, extra) {
      const results = entries.map(([, m], i) =>
        m.update(updates, state.measureStates[i], params, extra as ExtraArgs | undefined),
      );
      const measurements = Object.fromEntries(entries.map(([name], i) => [name, results[i]?.[0]]));
      return [updates, { measurements, measureStates: results.map(([, after]) => after) }];
    },
  };
}
