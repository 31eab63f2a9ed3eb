import type { DType } from '../kernel/dtype.ts';
import { ArgumentError } from '../trace/errors.ts';
import { NDArray } from '../trace/value.ts';
import { isRecord } from '../tree/tree.ts';
import type { CountState } from './basic.ts';
import type { Scalar, Schedule } from './scalars.ts';
import { arrayOf, inDtype, increment, isSchedule, widestFloat, zeroCount } from './scalars.ts';
import type { GradientTransformation } from './transformation.ts';
import { isFloat } from '../kernel/dtype.ts';

/** What {@link injectHyperparams} remembers. */
export type InjectHyperparamsState<S> = {
  /** `i32[]`: the steps taken. */
  readonly count: NDArray;
  /** By name, the numbers that the last step used. A number that follows no schedule can be replaced here. */
  readonly hyperparams: Readonly<Record<string, NDArray>>;
  /** By name, how far each schedule is. */
  readonly hyperparamsStates: Readonly<Record<string, CountState>>;
  readonly innerState: S;
};

/** Options of {@link injectHyperparams}. */
export interface InjectOptions {
  /** Names of arguments that are left as they are: numbers that must be known, functions that are no schedules. */
  readonly staticArgs?: string | readonly string[];
  /** The names of arguments that stand by themselves, in order; default `['learningRate']`. */
  readonly names?: readonly string[];
  /** The dtype of the numbers; default the widest float dtype of the parameters. */
  readonly hyperparamDtype?: DType;
}

/** Arguments of a factory, in which a schedule may stand for each number. */
export type Injected<A> = A extends readonly unknown[] ? { [K in keyof A]: InjectedArgument<A[K]> } : never;
type InjectedArgument<T> = number extends T
  ? T | Schedule
  : T extends object
    ? T extends NDArray | Schedule
      ? T
      : { [K in keyof T]: number extends T[K] ? T[K] | Schedule : T[K] }
    : T;

/** Where an argument stands: at a position, perhaps under a key of the options there. */
interface Place {
  readonly name: string;
  readonly value: unknown;
  readonly with: (args: unknown[], value: unknown) => void;
}

/**
 * Makes the numbers of an optimizer a part of its state, where they can be read, replaced, mapped over, and follow schedules.
 * As `optax.inject_hyperparams`.
 *
 * The result takes the arguments of `innerFactory`; each number (and each schedule in place of one) is a hyperparameter: those
 * in an options object by their keys, those that stand by themselves by `names`. Numbers that are left out are not among them.
 *
 * @throws ArgumentError when an argument that stands by itself has no name, or two have one.
 * @example
 * const optimizer = injectHyperparams(adam)(linearSchedule(1e-3, 0, 1000), { b1: 0.9 });
 * const state = optimizer.init(params);
 * state.hyperparams.learningRate; // 0.001
 * const faster = treeSet(state, { b1: 0.95 });
 * @example
 * // Eight learning rates at once.
 * const initial = vmap((rate: NDArray) => injectHyperparams(sgd)(rate).init(params))(np.linspace(0.01, 0.1, 8));
 */
export function injectHyperparams<A extends readonly unknown[], S>(
  innerFactory: (...args: A) => GradientTransformation<S>,
  options: InjectOptions = {},
): (...args: Injected<A>) => GradientTransformation<InjectHyperparamsState<S>> {
  const { staticArgs = [], hyperparamDtype } = options;
  const fixed = new Set<unknown>(typeof staticArgs === 'string' ? [staticArgs] : staticArgs);
  return (...args) => {
    const places = placesOf(args, options.names ?? ['learningRate']).filter(({ name }) => !fixed.has(name));
    const scheduled = places.filter((p): p is Place & { readonly value: Schedule } => isSchedule(p.value));
    const numeric = places.filter((p): p is Place & { readonly value: Scalar } => isScalar(p.value));
    const innerWith = (hyperparams: Readonly<Record<string, NDArray>>): GradientTransformation<S> => {
      const filled = args.map((arg: unknown) => (isRecord(arg) ? { ...arg } : arg));
      for (const p of [...scheduled, ...numeric]) p.with(filled, hyperparams[p.name]);
      return innerFactory(...(filled as unknown as A));
    };
    const scheduledAt = (
      states: Readonly<Record<string, CountState>>,
      dtypeOf: (name: string) => DType,
    ): Readonly<Record<string, NDArray>> =>
      Object.fromEntries(
        scheduled.map(({ name, value }) => {
          const { count } = states[name] ?? { count: zeroCount() };
          return [name, asFloat(value(count), dtypeOf(name))];
        }),
      );
    return {
      init(params) {
        const dtype = hyperparamDtype ?? widestFloat(params);
        const hyperparamsStates = Object.fromEntries(scheduled.map(({ name }) => [name, { count: zeroCount() }]));
        const known = Object.fromEntries(numeric.map(({ name, value }) => [name, asFloat(value, dtype)]));
        const hyperparams = { ...known, ...scheduledAt(hyperparamsStates, () => dtype) };
        return { count: zeroCount(), hyperparams, hyperparamsStates, innerState: innerWith(hyperparams).init(params) };
      },
      update(updates, state, params, extra) {
        const dtypeOf = (name: string): DType => state.hyperparams[name]?.dtype ?? 'f32';
        const hyperparams = { ...state.hyperparams, ...scheduledAt(state.hyperparamsStates, dtypeOf) };
        const [changed, innerState] = innerWith(hyperparams).update(updates, state.innerState, params, extra);
        const hyperparamsStates = Object.fromEntries(
          Object.entries(state.hyperparamsStates).map(([name, s]) => [name, { count: increment(s.count) }]),
        );
        return [changed, { count: increment(state.count), hyperparams, hyperparamsStates, innerState }];
      },
    };
  };
}

const isScalar = (x: unknown): x is Scalar => typeof x === 'number' || x instanceof NDArray;

/** Numbers and floats in a dtype; other arrays as they are. */
const asFloat = (x: Scalar, dtype: DType): NDArray =>
  typeof x === 'number' ? arrayOf(x, dtype) : isFloat(x.dtype) ? inDtype(x, dtype) : x;

/** Where all arguments stand that may be hyperparameters. */
function placesOf(args: readonly unknown[], names: readonly string[]): readonly Place[] {
  const places: Place[] = [];
  let alone = 0;
  args.forEach((arg, i) => {
    if (isScalar(arg) || isSchedule(arg)) {
      const name = names[alone++];
      if (name === undefined) {
        throw new ArgumentError(
          `[optim.injectHyperparams] argument ${i} has no name: list the names of all arguments that stand by ` +
            `themselves, { names: [${[...names, '…'].map((n) => JSON.stringify(n)).join(', ')}] }`,
        );
      }
      places.push({ name, value: arg, with: (all, value) => void (all[i] = value) });
    } else if (isRecord(arg)) {
      for (const [name, value] of Object.entries(arg)) {
        places.push({ name, value, with: (all, v) => void ((all[i] as Record<string, unknown>)[name] = v) });
      }
    }
  });
  const twice = places.find(({ name }, i) => places.findIndex((p) => p.name === name) !== i);
  if (twice !== undefined) {
    throw new ArgumentError(`[optim.injectHyperparams] two arguments are named ${JSON.stringify(twice.name)}`);
  }
  return places;
}
