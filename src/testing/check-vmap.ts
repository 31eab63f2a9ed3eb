import { checkArguments } from './arguments.ts';
import { batchFault, waysToMap } from './batching.ts';
import { blameForBatch } from './blame.ts';
import { amplified, brokenLaw, optionsText } from './broken-law.ts';
import { roundest } from './rounded.ts';
import type { Fn } from './subject.ts';
import { movable, subjectOf } from './subject.ts';
import type { CompareOptions } from './tolerance.ts';
import { nearness } from './tolerance.ts';

/**
 * Checks that `vmap` of `f` is a loop over examples: with all arguments mapped, along their first, second and last axes, and
 * with each argument mapped alone. The examples are `args` and others like them (in other orders, a little nearer to zero). On the default
 * device.
 *
 * @returns how many ways of mapping were compared.
 * @throws BrokenLawError that names the batching rule to blame, and has a test to paste.
 * @example
 * await checkVmap((x: NDArray, w: NDArray) => np.tanh(x.matmul(w)), [np.ones([3]), np.ones([3, 2])]);
 */
export async function checkVmap<A extends readonly unknown[]>(
  f: Fn<A>,
  args: A,
  { tolerance }: CompareOptions = {},
): Promise<{ readonly checked: number }> {
  checkArguments('checkVmap', f, args, { tolerance });
  const subject = await movable(await subjectOf(f, args));
  const { run, xs, device } = subject;
  if (xs.length === 0) return { checked: 0 };
  const near = nearness(tolerance, device);
  const found = await batchFault(run, xs, device, near);
  if (found === null) return { checked: waysToMap(xs) };
  const round = await roundest(xs, (ys) => batchFault(run, ys, device, near));
  const { xs: at, fault } = round ?? { xs, fault: found };
  const options = optionsText({ tolerance });
  throw await brokenLaw({
    check: 'checkVmap',
    subject: { ...subject, xs: at },
    fault: `with inAxes [${fault.inAxes.map(String).join(', ')}], outAxes ${fault.outAxes}, vmap is not a loop: ${fault.why}`,
    blame: await blameForBatch(run, at, device, near),
    options,
    alone: { check: 'checkVmap', options },
    otherwise: amplified,
  });
}
