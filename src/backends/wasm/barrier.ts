import { control, counterStride } from './control.ts';
import type { Value } from './module/code.ts';
import { Func, get, i32, i64, loadOp, op, selectOp, storeOp } from './module/code.ts';
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
      const phase = f.variable(i32(0), 'phase');
      f.count(phase, f.let(op('i32.mul', phases, i32(counterStride))), counterStride, () => {
        const counter = f.variable(get(phase), 'counter');
        const last = f.let(op('i32.add', get(phase), op('i32.mul', threads, i32(4))));
        f.count(counter, last, 4, () => f.emit(storeOp('i32.atomic.store', control.counters, get(counter), i32(0))));
      });
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
 * `take(counters, units, thread, threads) → start, end`: the next units of a phase that this thread is to run; none when
 * they are all taken. Each thread has a range of its own, the same one in each run, so that it finds in its core's cache
 * what it left there. It takes half of what is left of that (all, if it is alone), again and again; when its own is done it
 * helps the others in the same way. So nobody waits long for the last ones, however fast the threads are.
 */
export function takeFunc(): Func {
  const f = new Func(
    'take',
    [
      ['counters', 'i32'],
      ['units', 'i32'],
      ['thread', 'i32'],
      ['threads', 'i32'],
    ],
    ['i32', 'i32'],
    ['', 'the next units of a phase'],
  );
  const [counters, units, thread, threads] = [f.param(0), f.param(1), f.param(2), f.param(3)];
  const add = (x: Value, y: Value): Value => op('i32.add', x, y);
  const less = (x: Value, y: Value): Value => selectOp(op('i32.lt_u', x, y), x, y);
  const size = f.let(op('i32.div_u', add(units, op('i32.sub', threads, i32(1))), threads), 'size');
  // Shifting by 31 leaves nothing of the second half.
  const halving = f.let(selectOp(op('i32.gt_u', threads, i32(1)), i32(1), i32(31)), 'halving');
  const [start, end] = [f.variable(i32(0), 'start'), f.variable(i32(0), 'end')];
  const [owner, asked, taken] = [f.variable(thread, 'owner'), f.variable(i32(0), 'asked'), f.local('i32', 'taken')];
  f.repeat(() => {
    const counter = f.let(add(counters, op('i32.mul', get(owner), i32(4))), 'counter');
    const from = f.let(less(f.let(op('i32.mul', get(owner), size)), units), 'from');
    const range = f.let(op('i32.sub', less(f.let(add(from, size)), units), from), 'range');
    f.set(taken, loadOp('i32.atomic.load', 0, [counter]));
    f.while(op('i32.lt_u', get(taken), range), () => {
      const left = f.let(op('i32.sub', range, get(taken)), 'left');
      const part = f.let(op('i32.sub', left, op('i32.shr_u', left, halving)), 'part');
      const seen = f.let(loadOp('i32.atomic.rmw.cmpxchg', 0, [counter, get(taken), add(get(taken), part)]), 'seen');
      f.if(
        op('i32.eq', seen, get(taken)),
        () => {
          f.set(start, add(from, get(taken)));
          f.set(end, add(get(start), part));
          f.set(taken, range);
        },
        () => f.set(taken, seen),
      );
    });
    f.set(owner, add(get(owner), i32(1)));
    f.set(owner, selectOp(op('i32.eq', get(owner), threads), i32(0), get(owner)));
    f.set(asked, add(get(asked), i32(1)));
    const none = op('i32.eq', get(start), get(end));
    return op('i32.and', none, op('i32.lt_u', get(asked), threads));
  });
  f.returns = [get(start), get(end)];
  return f;
}
