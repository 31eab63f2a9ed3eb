import type { Profile } from '../compiler/profile.ts';
import { profileCall } from '../compiler/profile.ts';
import { preparedCall } from './jit.ts';

/**
 * Says where the time of a call goes: for each kernel of the compiled function how often it ran, how long all of that took
 * on the device, and how much it computed and moved.
 *
 * The function is called several times: to compile it, to take the time as a whole, and to take that of each kernel. Arguments
 * stay as they are, donated ones too.
 *
 * On WebGPU times of kernels need an adapter with the feature `timestamp-query` (browsers round them to 0.1 ms) and are null
 * elsewhere; each kernel is a pass of its own then, so that together they take somewhat longer than the call. On Wasm each
 * is a program of its own and includes what calling that takes, some microseconds, and the least of five runs counts.
 *
 * @param f the function, jitted or not.
 * @param args arrays and static arguments, as for a call.
 * @throws the errors of a call.
 * @example
 * const report = await profile(step, [params, batch]);
 * console.log(String(report)); // a table, what takes longest first
 * await writeFile('step.json', report.trace()); // to open in ui.perfetto.dev
 */
export function profile<A extends readonly unknown[]>(f: (...args: A) => unknown, args: Readonly<A>): Promise<Profile> {
  const { name, jaxpr, inputs, device } = preparedCall('profile', f, args as A);
  return profileCall(name, jaxpr, inputs, device);
}
