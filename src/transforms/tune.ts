import { compile } from '../compiler/compile.ts';
import { programsOf } from '../compiler/host-calls.ts';
import { deviceOf, forgetCompiled } from '../compiler/runtime.ts';
import type { TunedProduct, TuneProgress } from '../kernel/device.ts';
import { ConcreteArray } from '../trace/concrete.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { ArgumentShapes } from './jit.ts';
import { preparedCall } from './jit.ts';

/** Options of {@link tune}. */
export interface TuneOptions {
  /** Measure also what has been measured before on this adapter; default false. */
  readonly again?: boolean;
  /** At most how many ways are tried for each kind of product, the usual one among them; default all, some 40. */
  readonly candidates?: number;
  /** Called for each candidate that has been measured. */
  readonly onProgress?: (progress: TuneProgress) => void;
}

/** What {@link tune} has found. */
export interface TuneReport {
  /** For people: the device. */
  readonly device: string;
  /** The kinds of products that were measured now; none where nothing is to be chosen, or all had been measured before. */
  readonly products: readonly TunedProduct[];
  /** Where the choices are kept for later processes: a file, or a database in browsers; null where they are not. */
  readonly saved: string | null;
}

/**
 * Finds the fastest way to compute the matrix products and convolutions of a function on this GPU: sizes of tiles and of
 * workgroups, and how operands are staged are measured for every kind of product in it, which may take some seconds each. The
 * choices hold from the next call on, for all functions with such products, and in later processes too: `init` reads
 * them again, from a file in the user's folder for caches in Node and Deno (`init({ tuning })` says another one), from a
 * database of the page's origin in browsers. Results differ by rounding at most.
 *
 * The function is compiled, not run; work given to the device meanwhile waits. The CPU devices choose by an estimate that is
 * exact enough: there is nothing to tune on them, and the report has no products.
 *
 * @param f the function, jitted or not.
 * @param args arrays, or their shapes and dtypes, and static arguments, as for a call.
 * @throws ArgumentError when `f` is no function, `args` no list, or `options.candidates` less than 1.
 * @throws DeviceLostError when the device is lost meanwhile.
 * @example
 * await init({ device: 'webgpu' });
 * const { products } = await tune(step, [params, batch], {
 *   onProgress: ({ done, total, kernel }) => console.log(`${done} of ${total}: ${kernel}`),
 * });
 * console.table(products);
 */
export async function tune<A extends readonly unknown[]>(
  f: (...args: A) => unknown,
  args: Readonly<A> | Readonly<ArgumentShapes<A>>,
  { again = false, candidates = Infinity, onProgress = () => undefined }: TuneOptions = {},
): Promise<TuneReport> {
  if (!(candidates >= 1))
    throw new ArgumentError(`tune: options.candidates is ${candidates}, and has to be at least 1`);
  const call = preparedCall('tune', f, args as unknown as A);
  const device = call.device ?? deviceOf(call.inputs.filter((x) => x instanceof ConcreteArray));
  if (device.tune === null) return { device: device.description, products: [], saved: null };
  const programs = programsOf(call.jaxpr).map((p) => compile(call.name, p, device.target));
  const { products, saved } = await device.tune({ programs, again, candidates, onProgress });
  forgetCompiled(device);
  return { device: device.description, products, saved };
}
