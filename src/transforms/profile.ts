import type { Profile } from '../compiler/profile.ts';
import { profileCall } from '../compiler/profile.ts';
import { preparedCall } from './jit.ts';

/**
 * Says where the time of a call goes: for each kernel of the compiled function how often it ran, how long all of that took
 * on the device, and how much it computed and moved.
 *
 * The function is called several times: to compile it, to take the time as a whole, and to take that of each kernel. Arguments
 * stay as they are, donated ones too. Times of kernels need a WebGPU adapter with the feature `timestamp-query`
 * (browsers round them to 0.1 ms); elsewhere they are null. Each kernel is a pass of its own then, so that together they
 * take somewhat longer than the call.
 *
 * @param f the function, jitted or not.
 * @param args arrays and static arguments, as for a call.
 * @throws the errors of a call.
 * @example
 * const { microseconds, kernels } = await profile(step, [params, batch]);
 * console.table([...kernels].sort((a, b) => (b.microseconds ?? 0) - (a.microseconds ?? 0)));
 */
export function profile<A extends readonly unknown[]>(f: (...args: A) => unknown, args: Readonly<A>): Promise<Profile> {
  const { name, jaxpr, inputs, device } = preparedCall('profile', f, args as A);
  return profileCall(name, jaxpr, inputs, device);
}
