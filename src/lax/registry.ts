import type { Primitive } from '../trace/primitive.ts';
import { optimizationBarrierP } from './barrier.ts';
import { threefry2x32P } from './bits.ts';
import { debugCallbackP, pureCallbackP } from './callback.ts';
import { clampP } from './clamp.ts';
import * as collective from './collective.ts';
import { convP } from './conv.ts';
import { dotGeneralP } from './dot.ts';
import * as cumulative from './cumulative.ts';
import * as dynamic from './dynamic.ts';
import * as elementwise from './elementwise.ts';
import * as linalg from './linalg/primitives.ts';
import * as indexing from './indexing.ts';
import * as reduce from './reduce.ts';
import * as scatter from './scatter.ts';
import * as sort from './sort.ts';
import * as casts from './casts.ts';
import * as iota from './iota.ts';
import * as pieces from './pieces.ts';
import * as select from './select.ts';
import { shardingConstraintP } from './sharding.ts';
import * as stopGradient from './stop-gradient.ts';
import * as structural from './structural.ts';
import { foldP, unfoldP } from './window.ts';

const isPrimitive = (x: unknown): x is Primitive =>
  typeof x === 'object' && x !== null && 'derivative' in x && 'lower' in x && 'cases' in x;

/** Every primitive of `lax`, for the laws: a family's file exports its primitives, and they are here. */
export const primitives: readonly Primitive[] = [
  ...[
    structural,
    pieces,
    select,
    casts,
    iota,
    stopGradient,
    elementwise,
    reduce,
    indexing,
    dynamic,
    cumulative,
    sort,
    scatter,
    linalg,
    collective,
  ].flatMap((family) => Object.values<unknown>(family)),
  clampP,
  dotGeneralP,
  convP,
  unfoldP,
  foldP,
  threefry2x32P,
  debugCallbackP,
  pureCallbackP,
  optimizationBarrierP,
  shardingConstraintP,
].filter(isPrimitive);
