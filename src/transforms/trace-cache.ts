import { asArray } from '../trace/asarray.ts';
import type { Aval } from '../trace/aval.ts';
import { showAval } from '../trace/aval.ts';
import type { Trace } from '../trace/context.ts';
import { currentTrace } from '../trace/context.ts';
import type { ClosedJaxpr } from '../trace/jaxpr.ts';
import type { KeyUses } from '../trace/key-uses.ts';
import { cacheEpoch, debugKeyReuse, recordsOrigins } from '../trace/switches.ts';
import { NDArray, Tracer } from '../trace/value.ts';
import type { TreeDef } from '../tree/tree.ts';
import { firstDifference, isRecord, keystr, leafPaths, nodeLike } from '../tree/tree.ts';
import type { StaticText } from './arguments.ts';
import { identicalAval } from './arguments.ts';
import type { Callable } from './jaxpr-rules.ts';
import { hasEnded } from './jaxpr-rules.ts';

/** What `jit` remembers of a function: one trace for each combination of argument types and static values. */

/** A traced function, and for which arguments it serves. */
export interface CachedTrace extends TraceKey {
  readonly closed: ClosedJaxpr;
  readonly callable: Callable;
  readonly outTree: TreeDef;
  /** Which inputs, constants first, are given up. */
  readonly donated: readonly boolean[];
  /** Which of the debugging modes it was traced for. */
  readonly modes: number;
  /** What it does with random keys, if that was asked for. */
  readonly keyUses: KeyUses | null;
}

/** What two calls must have in common to share a trace. */
export interface TraceKey {
  /** The structure of the arguments that are not static. */
  readonly treedef: TreeDef;
  readonly avals: readonly Aval[];
  /** The static arguments and the named axes around the call, as text that is equal for equal ones. */
  readonly statics: string;
  /** The static arguments one by one, for messages. */
  readonly told: readonly StaticText[];
}

/** Debugging modes that need traces of their own: equations with origins, and key uses. */
export const neededModes = (): number => (recordsOrigins() ? 1 : 0) + (debugKeyReuse.on ? 2 : 0);

/** The traces of one function, latest used first. */
export class TraceCache {
  private entries: CachedTrace[] = [];
  /** Traces that captured tracers serve inside of one transformation only, and go with it. */
  private within = new WeakMap<Trace, CachedTrace[]>();
  private epoch = cacheEpoch();

  /**
   * The trace that serves for arguments like these, or null. Nothing is made on the way but the list of leaves: a call
   * that hits must cost next to nothing.
   *
   * @param leaves is filled with the arguments' arrays.
   */
  find(args: readonly unknown[], statics: string, leaves: NDArray[]): CachedTrace | null {
    const modes = neededModes();
    for (const entries of this.lists()) {
      for (let i = 0; i < entries.length; i++) {
        const entry = entries[i] as CachedTrace;
        leaves.length = 0;
        if (entry.statics !== statics || (entry.modes & modes) !== modes) continue;
        if (!collect(entry.treedef, args, entry.avals, leaves) || hasEnded(entry.callable)) continue;
        if (i > 0) {
          entries.splice(i, 1);
          entries.unshift(entry);
        }
        return entry;
      }
    }
    leaves.length = 0;
    return null;
  }

  add(entry: CachedTrace): void {
    const trace = entry.callable.constants.some((c) => c instanceof Tracer) ? currentTrace() : null;
    if (trace === null) {
      this.entries.unshift(entry);
      return;
    }
    const inside = this.within.get(trace);
    if (inside === undefined) this.within.set(trace, [entry]);
    else inside.unshift(entry);
  }

  /** All traces that may serve at present. */
  lists(): readonly CachedTrace[][] {
    if (this.epoch !== cacheEpoch()) {
      this.entries = [];
      this.within = new WeakMap();
      this.epoch = cacheEpoch();
    }
    const trace = currentTrace();
    const inside = trace === null ? undefined : this.within.get(trace);
    return inside === undefined ? [this.entries] : [inside, this.entries];
  }
}

/** Fills in the leaves of `x` if it has structure `d` and its leaves, from the next on, have these types. */
function collect(d: TreeDef, x: unknown, avals: readonly Aval[], leaves: NDArray[]): boolean {
  switch (d.kind) {
    case 'leaf': {
      const leaf =
        x instanceof NDArray ? x : typeof x === 'number' || typeof x === 'boolean' ? asArray(x, 'jit') : null;
      if (leaf === null || !identicalAval(leaf.aval, avals[leaves.length] as Aval)) return false;
      leaves.push(leaf);
      return true;
    }
    case 'none':
      return x === null || x === undefined;
    case 'tuple': {
      const { children } = d;
      if (!Array.isArray(x) || x.length !== children.length) return false;
      for (let i = 0; i < children.length; i++) {
        if (!collect(children[i] as TreeDef, x[i], avals, leaves)) return false;
      }
      return true;
    }
    case 'record': {
      const { keys, children } = d;
      if (!isRecord(x) || Object.keys(x).length !== keys.length) return false;
      for (let i = 0; i < keys.length; i++) {
        const key = keys[i] as string;
        if (!Object.hasOwn(x, key) || !collect(children[i] as TreeDef, x[key], avals, leaves)) return false;
      }
      return true;
    }
    case 'node': {
      const node = nodeLike(d, x);
      return node !== null && collect(d.children[0], node.children, avals, leaves);
    }
  }
}

/** How the arguments of two calls differ, for people; empty where they do not. */
export function describeDifferences(before: TraceKey, now: TraceKey, positions: readonly number[]): readonly string[] {
  const argument = (position: string | number): string => `argument ${positions[Number(position)] ?? String(position)}`;
  const structure = firstDifference(before.treedef, now.treedef);
  if (structure !== null) {
    const where = structure.replace(/^at \[(\d+)\]/, (_, i: string) => `at ${argument(i)}`);
    return [`the arguments' structure differs ${where} (the first is what was traced before, the second this call)`];
  }
  const name = ([position, ...rest]: readonly (string | number)[]): string => keystr(rest, argument(position ?? ''));
  const differences = leafPaths(before.treedef).flatMap((path, i) => {
    const [a, b] = [before.avals[i] as Aval, now.avals[i] as Aval];
    return identicalAval(a, b) ? [] : [`${name(path)} was ${describeAval(a)} and is ${describeAval(b)}`];
  });
  return [...differences, ...staticDifferences(before, now)];
}

/** How static arguments differ, and the named axes around the calls. */
function staticDifferences(before: TraceKey, now: TraceKey): readonly string[] {
  if (before.statics === now.statics) return [];
  const differences = now.told.flatMap(({ position, key, text }, i) => {
    const was = before.told[i];
    if (was === undefined || (was.position === position && was.key === key)) return [];
    const [name, same] = [`static argument ${position}`, was.text === text];
    return same
      ? [
          `${name} is another one than before, ${text}: such values are equal only if they are one object, so make it once`,
        ]
      : [`${name} was ${was.text} and is ${text}`];
  });
  const [had, has] = [axesOf(before), axesOf(now)];
  return had === has ? differences : [...differences, `the named axes around the call were ${had} and are ${has}`];
}

/** The named axes of a call, which stand after its static arguments. */
function axesOf({ statics, told }: TraceKey): string {
  const [, ...axes] = statics.slice(told.reduce((n, { key }) => n + key.length + 1, 0)).split('@');
  return axes.length === 0 ? 'none' : axes.join(', ');
}

const describeAval = (a: Aval): string => `${showAval(a)}${a.weakType ? ' (of a JS number)' : ''}`;
