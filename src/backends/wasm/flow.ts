import type { Expr } from '../../kernel/expr.ts';
import { visit } from '../../kernel/expr.ts';
import type { Statement } from '../../kernel/procedure.ts';
import { statementExpressions, storedOperands } from '../../kernel/procedure.ts';

/** The local variables that statements give values to, at any depth; counters of loops are among them. */
export function assigned(body: readonly Statement[]): ReadonlySet<number> {
  return new Set(
    body.flatMap((s): readonly number[] => {
      switch (s.kind) {
        case 'set':
          return [s.local];
        case 'store':
          return [];
        case 'for':
          return [s.local, ...assigned(s.body)];
        case 'while':
          return [...assigned(s.body)];
        case 'if':
          return [...assigned(s.then), ...assigned(s.otherwise)];
      }
    }),
  );
}

/** The local variables that expressions read. */
function localsIn(expressions: readonly Expr[]): ReadonlySet<number> {
  const slots = new Set<number>();
  visit(expressions, (e) => {
    if (e.kind === 'local') slots.add(e.slot);
  });
  return slots;
}

/** In how many of the statements' expressions each local variable is read. */
function readers(body: readonly Statement[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const e of statementExpressions(body))
    for (const slot of localsIn([e])) counts.set(slot, (counts.get(slot) ?? 0) + 1);
  return counts;
}

/** The local variables that statements may read as they were before, except those that are `known` to be set. */
function needs(body: readonly Statement[], known: ReadonlySet<number>): ReadonlySet<number> {
  const needed = new Set<number>();
  const read = (set: ReadonlySet<number>, ...expressions: readonly Expr[]): void =>
    localsIn(expressions).forEach((slot) => {
      if (!set.has(slot)) needed.add(slot);
    });
  /** Gives what is set for certain after the statements. */
  const walk = (statements: readonly Statement[], before: ReadonlySet<number>): ReadonlySet<number> => {
    const set = new Set(before);
    for (const s of statements) {
      switch (s.kind) {
        case 'set':
          read(set, s.value);
          set.add(s.local);
          break;
        case 'store':
          read(set, s.index, s.value);
          break;
        case 'for':
          read(set, s.from, s.to);
          walk(s.body, new Set([...set, s.local]));
          break;
        case 'while':
          read(set, s.condition);
          walk(s.body, set);
          break;
        case 'if': {
          read(set, s.condition);
          const [then, otherwise] = [walk(s.then, set), walk(s.otherwise, set)];
          then.forEach((slot) => otherwise.has(slot) && set.add(slot));
          break;
        }
      }
    }
    return set;
  };
  walk(body, known);
  return needed;
}

/** What a loop has to do with what is around it. */
export interface LoopInterface {
  /** The axes of the domain and the operands that it mentions. */
  readonly axes: ReadonlySet<number>;
  readonly operands: readonly number[];
  /** The local variables that have to be there before some of its trips, and those that count after them. */
  readonly before: ReadonlySet<number>;
  readonly after: ReadonlySet<number>;
}

/** What a loop within `whole` has to do with what is around it; the counter of a counted loop is its own. */
export function interfaceOf(
  loop: Statement & { readonly kind: 'for' | 'while' },
  whole: readonly Statement[],
): LoopInterface {
  const inside = loop.kind === 'for' ? needs(loop.body, new Set([loop.local])) : needs([loop], new Set());
  const [here, everywhere] = [readers([loop]), readers(whole)];
  const after = [...assigned([loop])].filter(
    (slot) => inside.has(slot) || (everywhere.get(slot) ?? 0) > (here.get(slot) ?? 0),
  );
  const axes = new Set<number>();
  const operands = new Set(storedOperands([loop]));
  visit(statementExpressions([loop]), (e) => {
    if (e.kind === 'index') axes.add(e.axis);
    else if (e.kind === 'load') operands.add(e.operand);
  });
  return { axes, operands: [...operands], before: new Set([...inside, ...after]), after: new Set(after) };
}
