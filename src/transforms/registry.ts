import type { Primitive } from '../trace/primitive.ts';
import { callP } from './call.ts';
import { customJvpP } from './custom/jvp-call.ts';
import { customVjpP } from './custom/vjp-call.ts';
import { customVjpLinearP } from './custom/vjp-linear.ts';

/** Every primitive that holds Jaxprs or rules, for the laws. */
export const structuralPrimitives: readonly Primitive[] = [callP, customJvpP, customVjpP, customVjpLinearP];
