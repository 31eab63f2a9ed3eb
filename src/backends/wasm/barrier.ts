import { control, counterStride } from './control.ts';
import type { Value } from './module/code.ts';
import { Func, get, i32, i64, loadOp, op, storeOp } from './module/code.ts';
import type { Op } from './module/opcodes.ts';

/** Accesses to the control block, whose addresses are known. */
const word = (address: number): Value => loadOp('i32.atomic.load', address, [i32(0)]);
const change = (name: Op, address: number, ...args: readonly Value[]): Value =>
  loadOp(name, address, [i32(0), ...args]);

/**
 * `barrier(threads, patience, phases)`: returns when all threads have called it. The last one to come sets the counters
 * of the phases before to zero. The others look again and again, `patience` times, then sleep; 0 is never. (A short
 * patience is worse than none: once one thread sleeps, waking it takes so long that the other one falls asleep as well,
 * at every barrier.) When a thread has failed, the call fails in all of them.
 */
export function barrierFunc(): Func {
  const f = new Func(
    'barrier',
    [
      ['threads', 'i32'],
      ['patience', 'i32'],
      ['phases', 'i32'],
    ],
    [],
    ['', 'waits for all threads'],
  );
  const [threads, patience, phases] = [f.param(0), f.param(1), f.param(2)];
  const stopIfAborted = (): void => f.if(word(control.aborted), () => f.trap());
  // In this order: whoever aborts sets the flag first and changes the generation then.
  const before = f.let(word(control.generation), 'before');
  stopIfAborted();
  const others = f.let(change('i32.atomic.rmw.add', control.arrived, i32(1)), 'others');
  f.if(
    op('i32.eq', others, op('i32.sub', threads, i32(1))),
    () => {
      f.emit(storeOp('i32.atomic.store', control.arrived, i32(0), i32(0)));
      const counter = f.variable(i32(0), 'counter');
      const end = f.let(op('i32.mul', phases, i32(counterStride)), 'end');
      f.count(counter, end, counterStride, () =>
        f.emit(storeOp('i32.atomic.store', control.counters, get(counter), i32(0))),
      );
      f.emit(storeOp('i32.atomic.store', control.generation, i32(0), op('i32.add', before, i32(1))));
      f.if(word(control.sleepers), () => f.let(change('memory.atomic.notify', control.generation, i32(-1))));
    },
    () => {
      const left = f.variable(patience, 'left');
      const sleep = (): void => {
        f.let(change('i32.atomic.rmw.add', control.sleepers, i32(1)));
        f.let(change('memory.atomic.wait32', control.generation, before, i64(-1n)));
        f.let(change('i32.atomic.rmw.add', control.sleepers, i32(-1)));
        f.set(left, patience);
      };
      f.while(op('i32.eq', word(control.generation), before), () => {
        f.if(patience, () => {
          f.set(left, op('i32.sub', get(left), i32(1)));
          f.if(op('i32.eqz', get(left)), sleep);
        });
      });
    },
  );
  stopIfAborted();
  return f;
}

/**
 * `take(counter, units, share) → start, end`: the next units of a phase that this thread is to run; none when they are
 * all taken. A thread gets a `share`th of what is left, so that most of what it gets is side by side and nobody waits long
 * for the last ones, however fast the threads are.
 */
export function takeFunc(): Func {
  const f = new Func(
    'take',
    [
      ['counter', 'i32'],
      ['units', 'i32'],
      ['share', 'i32'],
    ],
    ['i32', 'i32'],
    ['', 'the next units of a phase'],
  );
  const [counter, units, share] = [f.param(0), f.param(1), f.param(2)];
  const [start, end, seen] = [f.local('i32', 'start'), f.local('i32', 'end'), f.local('i32', 'seen')];
  f.set(seen, loadOp('i32.atomic.load', 0, [counter]));
  f.repeat(() => {
    f.set(start, get(seen));
    const left = op('i32.sub', units, get(start));
    const part = op('i32.div_u', op('i32.add', left, op('i32.sub', share, i32(1))), share);
    f.set(end, op('i32.add', get(start), part));
    f.if(op('i32.lt_u', get(start), units), () =>
      f.set(seen, loadOp('i32.atomic.rmw.cmpxchg', 0, [counter, get(start), get(end)])),
    );
    return op('i32.ne', get(seen), get(start));
  });
  f.returns = [get(start), get(end)];
  return f;
}
