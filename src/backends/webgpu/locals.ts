import type { Expr } from '../../kernel/expr.ts';
import { visit } from '../../kernel/expr.ts';
import type { Statement } from '../../kernel/procedure.ts';
import { present } from '../../util/assert.ts';

/**
 * Where a local variable of a procedure is declared in the shader:
 * - `set`: at the first statement that sets it, in the block that has all of its uses; `constant` if no other sets it.
 * - `loop`: in the head of the one `for` that counts it.
 * - `function`: at the top, as its value is used where neither holds.
 */
export type Placement =
  | { readonly kind: 'set'; readonly at: Statement; readonly constant: boolean }
  | { readonly kind: 'loop' }
  | { readonly kind: 'function' };

/** The placement of every local variable that occurs in the body, in which no statement occurs twice. */
export function placeLocals(body: readonly Statement[]): ReadonlyMap<number, Placement> {
  const facts: Facts = { mentions: new Map(), sets: new Map() };
  const slots = new Set(body.flatMap((s) => [...collect(s, facts)]));
  return new Map([...slots].map((slot) => [slot, place(body, slot, facts)] as const));
}

interface Facts {
  /** The variables that a statement and what is inside it read or set. */
  readonly mentions: Map<Statement, ReadonlySet<number>>;
  /** How many statements set each variable. */
  readonly sets: Map<number, number>;
}

function collect(s: Statement, facts: Facts): ReadonlySet<number> {
  const found = new Set(readsOf(ownExpressions(s)));
  for (const inner of blocksOf(s).flat()) collect(inner, facts).forEach((slot) => found.add(slot));
  if (s.kind === 'set' || s.kind === 'for') {
    found.add(s.local);
    facts.sets.set(s.local, (facts.sets.get(s.local) ?? 0) + 1);
  }
  facts.mentions.set(s, found);
  return found;
}

function place(block: readonly Statement[], slot: number, facts: Facts): Placement {
  const mentions = (s: Statement): boolean => present(facts.mentions.get(s), 'a statement').has(slot);
  const [first, ...others] = block.filter(mentions);
  const elsewhere: Placement = { kind: 'function' };
  if (first === undefined || readsOf(ownExpressions(first)).has(slot)) return elsewhere;
  if (first.kind === 'set') return { kind: 'set', at: first, constant: facts.sets.get(slot) === 1 };
  if (others.length > 0) return elsewhere;
  if (first.kind === 'for' && first.local === slot) return facts.sets.get(slot) === 1 ? { kind: 'loop' } : elsewhere;
  const [inner, ...more] = blocksOf(first).filter((b) => b.some(mentions));
  return inner === undefined || more.length > 0 ? elsewhere : place(inner, slot, facts);
}

/** The expressions that a statement reads itself. */
function ownExpressions(s: Statement): readonly Expr[] {
  switch (s.kind) {
    case 'set':
      return [s.value];
    case 'store':
      return [s.index, s.value];
    case 'for':
      return [s.from, s.to];
    case 'while':
    case 'if':
      return [s.condition];
  }
}

function blocksOf(s: Statement): readonly (readonly Statement[])[] {
  if (s.kind === 'if') return [s.then, s.otherwise];
  return s.kind === 'for' || s.kind === 'while' ? [s.body] : [];
}

function readsOf(expressions: readonly Expr[]): ReadonlySet<number> {
  const slots = new Set<number>();
  visit(expressions, (e) => {
    if (e.kind === 'local') slots.add(e.slot);
  });
  return slots;
}
