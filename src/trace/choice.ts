import { asChoice } from '../util/origin.ts';
import { explainsNan } from './switches.ts';

/**
 * Runs `body`, which is what `inside`, a choice between arrays, does. While `explainNan` runs a function again, it is noted
 * whether the user's own code chose; what the library chooses for itself nobody can guard.
 */
export const choosing = <T>(inside: (...args: never[]) => unknown, body: () => T): T =>
  explainsNan.on ? asChoice(inside, body) : body();
