import { visit } from '../../kernel/expr.ts';
import type { Expr } from '../../kernel/expr.ts';
import type { Kernel, SingleKernel } from '../../kernel/kernel.ts';
import { expressionsOf, partsOf, reducedDomain, storeDomain } from '../../kernel/kernel.ts';
import type { Statement } from '../../kernel/procedure.ts';
import { product } from '../../util/array.ts';
import type { Schedule } from './schedule.ts';

/** How often a loop runs whose bounds are not literal: nobody knows, but it is a loop. */
const guessedTrips = 16;

/** What a dispatch costs that does next to nothing. */
const dispatchMicroseconds = 3;

/**
 * A rough guess of how long a kernel runs, to within a power of ten or so: enough to tell when recorded work should be
 * handed over, so that no submit keeps the device for long. Many points take as long as the device's throughput makes
 * them, few as long as one invocation does.
 */
export const microsecondsOf = (kernel: Kernel, schedule: Schedule): number =>
  dispatchMicroseconds + partsOf(kernel).reduce((sum, part) => sum + microsecondsOfPart(part, schedule), 0);

function microsecondsOfPart(kernel: SingleKernel, { speed }: Schedule): number {
  const each =
    kernel.kind === 'procedure'
      ? statementsCost(kernel.body)
      : distinct(expressionsOf(kernel)) * Math.max(1, product(reducedDomain(kernel)));
  const throughput = (each * product(storeDomain(kernel))) / speed.operationsPerMicrosecond;
  const alone = kernel.kind === 'procedure' ? each * speed.microsecondsPerOperation : 0;
  return Math.max(throughput, alone);
}

function distinct(roots: readonly Expr[]): number {
  let count = 0;
  visit(roots, () => (count += 1));
  return count;
}

function statementsCost(body: readonly Statement[]): number {
  return body.reduce((sum, s) => sum + statementCost(s), 0);
}

function statementCost(s: Statement): number {
  switch (s.kind) {
    case 'set':
      return distinct([s.value]);
    case 'store':
      return distinct([s.index, s.value]);
    case 'for': {
      const known = s.from.kind === 'const' && s.to.kind === 'const';
      const trips = known ? Math.max(0, s.to.value - s.from.value) : guessedTrips;
      return distinct([s.from, s.to]) + trips * statementsCost(s.body);
    }
    case 'while':
      return guessedTrips * (distinct([s.condition]) + statementsCost(s.body));
    case 'if':
      return distinct([s.condition]) + Math.max(statementsCost(s.then), statementsCost(s.otherwise));
  }
}
