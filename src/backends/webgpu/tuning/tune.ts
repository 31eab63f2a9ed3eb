import type { TunedProduct, TuneRequest } from '../../../kernel/device.ts';
import type { ContractKernel } from '../../../kernel/kernel.ts';
import { partsOf } from '../../../kernel/kernel.ts';
import type { Program } from '../../../kernel/program.ts';
import { runSteps } from '../../../kernel/program.ts';
import type { Runtime } from '../runtime.ts';
import type { Choice } from './candidates.ts';
import { candidates, chosenSchedule } from './candidates.ts';
import { Bench } from './measure.ts';
import { productKey } from './product-key.ts';
import type { Winners } from './winners.ts';

/** Measures every kind of product in the programs that has no winner yet, and uses what wins from now on. */
export async function tuneProducts(
  runtime: Runtime,
  winners: Winners,
  { programs, again, candidates: most, onProgress }: TuneRequest,
): Promise<readonly TunedProduct[]> {
  const { contract } = runtime.wgslTarget.schedule;
  const { limits } = runtime.gpu;
  const jobs = [...productsOf(programs)]
    .filter(([key]) => again || !winners.has(key))
    .map(([key, kernel]) => ({ key, kernel, choices: candidates(kernel, contract, limits).slice(0, most) }));
  const total = jobs.reduce((n, { choices }) => n + choices.length, 0);
  const tuned: TunedProduct[] = [];
  let done = 0;
  for (const { key, kernel, choices } of jobs) {
    const measured = await inTurn(runtime, () =>
      measureAll(runtime, kernel, choices, (microseconds) =>
        onProgress({ done: ++done, total, kernel: `${kernel.name} (${kernel.source})`, microseconds }),
      ),
    );
    const best = measured.reduce((a, b) => (b.microseconds < a.microseconds ? b : a));
    if (!Number.isFinite(best.microseconds)) continue;
    winners.set(key, best.choice);
    const [before] = measured;
    tuned.push({
      kernel: kernel.name,
      source: kernel.source,
      product: key,
      candidates: choices.length,
      microsecondsBefore: before?.microseconds ?? Infinity,
      microseconds: best.microseconds,
      choice: describe(best.choice),
    });
  }
  return tuned;
}

interface Measured {
  readonly choice: Choice | null;
  readonly microseconds: number;
}

async function measureAll(
  runtime: Runtime,
  kernel: ContractKernel,
  choices: readonly (Choice | null)[],
  onEach: (microseconds: number | null) => void,
): Promise<readonly Measured[]> {
  const { schedule, maxWorkgroupsPerDimension } = runtime.wgslTarget;
  const bench = new Bench(runtime, kernel);
  const measured: Measured[] = [];
  try {
    for (const choice of choices) {
      const contract = choice === null ? schedule.contract : chosenSchedule(schedule.contract, choice);
      const microseconds = await bench.measure({ maxWorkgroupsPerDimension, schedule: { ...schedule, contract } });
      measured.push({ choice, microseconds: microseconds ?? Infinity });
      onEach(microseconds === Infinity ? null : microseconds);
    }
  } finally {
    bench.free();
  }
  return measured;
}

/** Does work of the device as a job among others, so that nothing else is measured. */
function inTurn<T>(runtime: Runtime, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    runtime.queue.add({
      ready: () => true,
      start: () => work().then(resolve, reject),
      fail: reject,
    });
  });
}

/** Every kind of product in the programs once, also those inside of loops and side by side with others. */
function productsOf(programs: readonly Program[]): ReadonlyMap<string, ContractKernel> {
  const found = new Map<string, ContractKernel>();
  for (const part of programs.flatMap((p) => runSteps(p.steps)).flatMap((s) => partsOf(s.kernel))) {
    const empty = part.kind !== 'contract' || [...part.batch, ...part.rows, ...part.columns].includes(0);
    if (empty) continue;
    const key = productKey(part);
    if (!found.has(key)) found.set(key, part);
  }
  return found;
}

function describe(choice: Choice | null): string {
  if (choice === null) return "the schedule's own";
  if (choice === 'reduction') return 'a reduction for each result';
  const { workgroup, tile, staged, parts = 1 } = choice;
  const where = staged === null ? 'read directly' : `${staged} deep in workgroup memory`;
  const shared = parts === 1 ? '' : `, the depth in ${parts} parts`;
  return `${tile[0]} × ${tile[1]} results an invocation, ${workgroup[0]} × ${workgroup[1]} invocations, ${where}${shared}`;
}
