import type { Primitive } from '../trace/primitive.ts';
import { callP } from './call.ts';
import { condEachP } from './control/cond-each.ts';
import { condP } from './control/cond-primitive.ts';
import { scanP } from './control/scan-primitive.ts';
import { whileP } from './control/while-primitive.ts';
import { checkpointP } from './checkpoint/call.ts';
import { nameP } from './checkpoint/name.ts';
import { customJvpP } from './custom/jvp-call.ts';
import { customVjpP } from './custom/vjp-call.ts';
import { customVjpLinearP } from './custom/vjp-linear.ts';

/** Every primitive that holds Jaxprs or rules, for the laws. */
export const structuralPrimitives: readonly Primitive[] = [
  callP,
  condP,
  condEachP,
  whileP,
  scanP,
  checkpointP,
  nameP as unknown as Primitive,
  customJvpP,
  customVjpP,
  customVjpLinearP,
];
