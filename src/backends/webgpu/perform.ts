import { DeviceError } from '../../kernel/device.ts';
import { present } from '../../util/assert.ts';
import { at } from '../../util/array.ts';
import type { PullbackError } from '../../util/error.ts';
import { flagBytes } from './control.ts';
import type { FlowNode, While } from './flow.ts';
import type { Storage } from './memory.ts';
import type { Recordable, Recorder } from './recorder.ts';
import type { Runtime } from './runtime.ts';

/** The most trips of a loop that are recorded before the host asks whether it has ended. */
const mostTripsAhead = 64;

/** Work that yields what it has to wait for. */
export type Waits = Generator<Promise<void>, void, void>;

/** Does the work up to its end: at once and with null where nothing has to be waited for. */
export function drive(work: Waits): Promise<void> | null {
  const first = work.next();
  if (first.done === true) return null;
  return (async () => {
    let step: IteratorResult<Promise<void>, void> = first;
    while (step.done !== true) {
      try {
        await step.value;
      } catch (error) {
        step = work.throw(error);
        continue;
      }
      step = work.next();
    }
  })();
}

/** What one run of a program works with. */
export interface Performance {
  readonly runtime: Runtime;
  readonly program: string;
  readonly job: number;
  readonly recorder: Recorder;
  /** What to record for each dispatch of the flow. */
  readonly ready: readonly Recordable[];
  /** The storage of each buffer of the program. */
  readonly storages: readonly Storage[];
  readonly flags: Storage | null;
  /** For each loop, how many trips it took the last time. */
  readonly lastTrips: Map<While, number>;
}

/** Runs the nodes and hands over all that is recorded, also where an error ends the run. */
export function* perform(nodes: readonly FlowNode[], p: Performance): Waits {
  try {
    yield* performNodes(nodes, p);
  } finally {
    void p.recorder.submit();
  }
}

function* performNodes(nodes: readonly FlowNode[], p: Performance): Waits {
  for (const node of nodes) {
    switch (node.kind) {
      case 'dispatch':
        p.recorder.dispatch(at(p.ready, node.id));
        if (p.recorder.full) yield* handOver(p);
        break;
      case 'repeat':
        for (let trip = 0; trip < node.trips; trip++) yield* performNodes(node.body, p);
        break;
      case 'while':
        yield* performWhile(node, p);
        break;
      case 'hostWhile':
        for (;;) {
          yield* performNodes(node.test, p);
          const [holds] = yield* ask(p, node.name, at(p.storages, node.condition), 0, 1);
          if (holds === 0) break;
          yield* performNodes(node.body, p);
        }
        break;
      case 'hostBranch': {
        const [chosen] = yield* ask(p, node.name, at(p.storages, node.index), 0, 1);
        yield* performNodes(at(node.branches, chosen ?? 0), p);
      }
    }
  }
}

/** Records trips ahead, more each time, until one of them finds that the loop is over. */
function* performWhile(node: While, p: Performance): Waits {
  const flags = present(p.flags, 'flags');
  // What was recorded for an earlier run of this loop is submitted, and so comes before this.
  p.runtime.gpu.queue.writeBuffer(flags.buffer, node.flag * flagBytes, new Uint32Array([1, 0]));
  // The last trip finds the loop over, so one more than there are.
  let ahead = Math.min((p.lastTrips.get(node) ?? 0) + 1, mostTripsAhead);
  for (;;) {
    for (let trip = 0; trip < ahead; trip++) yield* performNodes(node.trip, p);
    const [running, trips] = yield* ask(p, node.name, flags, node.flag * flagBytes, 2);
    if (running === 0) {
      p.lastTrips.set(node, trips ?? 0);
      return;
    }
    ahead = Math.min(2 * ahead, mostTripsAhead);
  }
}

/** Submits, and waits while too much is unfinished. */
function* handOver(p: Performance): Waits {
  void p.recorder.submit();
  if (p.runtime.queue.hasRoom) return;
  yield p.runtime.queue.room();
  requireDevice(p);
}

/** Some words of a buffer, once all that is recorded is done. */
function* ask(
  p: Performance,
  name: string,
  from: Storage,
  offset: number,
  words: number,
): Generator<Promise<void>, readonly number[], void> {
  const { runtime } = p;
  const bytes = 4 * words;
  const staging = runtime.memory.staging(bytes);
  const valid = p.recorder.submit({ from: from.buffer, offset, to: staging.buffer, bytes });
  runtime.counters.decisions += 1;
  try {
    yield runtime.queue.whileUsable(staging.buffer.mapAsync(0x1, 0, bytes));
  } catch (cause) {
    runtime.memory.destroy(staging);
    requireDevice(p);
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new DeviceError(`[webgpu] ${p.program} can't tell how ${name} goes on: ${text}`, { cause });
  }
  const seen = [...new Uint32Array(staging.buffer.getMappedRange(0, bytes))];
  staging.buffer.unmap();
  runtime.memory.release('staging', staging);
  yield valid;
  requireDevice(p);
  return seen;
}

/** Ends the run where the device is gone or the job has failed: what it reads then says nothing. */
function requireDevice({ runtime, job }: Performance): void {
  const failure: PullbackError | null = runtime.queue.lost ?? runtime.failureIn(job);
  if (failure !== null) throw failure;
}
