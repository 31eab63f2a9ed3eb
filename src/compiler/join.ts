import type { Target } from '../kernel/device.ts';
import type { DType } from '../kernel/dtype.ts';
import { boundsOf, computedIn, isNarrow } from '../kernel/dtype.ts';
import type { Expr } from '../kernel/expr.ts';
import { acc, binary, constant, index, loadsOf, rewriter } from '../kernel/expr.ts';
import { delinearize, indices, linearize, lit } from '../kernel/index-algebra.ts';
import { narrow } from '../kernel/narrow.ts';
import type { Monoid } from '../kernel/ops.ts';
import type { Shape } from '../trace/aval.ts';
import { sameShape, sizeOf } from '../trace/aval.ts';
import { at, product } from '../util/array.ts';
import { unaliased } from './aliases.ts';
import { worthARowwiseKernel } from './cost.ts';
import type { Group, KernelGroup, Loops, Member, Producers } from './fuse.ts';
import type { Block, Node, Root, Value } from './lower.ts';
import { contractIndices } from './lower.ts';

/** Which roots may share a kernel, and how they stand in it. */

/** What is known of a block while its kernels are made. */
export interface Fusion {
  readonly target: Target;
  readonly producers: Producers;
  /** Ids of the values that a node of the block needs to have in memory. */
  readonly readsOf: (node: Node) => ReadonlySet<number>;
  /** Must a value be stored if these are the roots of the kernel that computes it? Not if nothing else reads it. */
  readonly isStored: (value: Root, kernel: ReadonlySet<Node>) => boolean;
  /** Results of the program, and what it may write them over: the plan will, if every reader can run before. */
  readonly overwritten: { readonly results: ReadonlySet<Value>; readonly donated: readonly Value[] };
}

/** See {@link Fusion.isStored}. */
export function storedIn(
  { nodes, outputs }: Block,
  { aliases }: Producers,
  readsOf: Fusion['readsOf'],
): Fusion['isStored'] {
  const readers = new Map<number, Node[]>();
  for (const node of nodes) {
    for (const id of readsOf(node)) {
      const value = unaliased(aliases, id);
      const known = readers.get(value);
      if (known === undefined) readers.set(value, [node]);
      else known.push(node);
    }
  }
  const results = new Set(outputs);
  return (value, kernel) =>
    results.has(value) || (readers.get(value.id)?.some((reader) => !kernel.has(reader)) ?? false);
}

/** A kernel of one root. */
export function start(root: Root, { producers }: Fusion): KernelGroup {
  const { loops, coordinate, value } = open(root);
  const group: KernelGroup = { kind: 'kernel', loops, members: [], dependencies: new Set(), reads: new Set() };
  addMember(group, memberOf(root, coordinate, value), loopReads(loops), producers);
  return group;
}

/** The loops of a root by itself. */
function open(root: Root): { readonly loops: Loops; readonly coordinate: readonly Expr[]; readonly value: Expr } {
  const { body, aval } = root;
  const coordinate = indices(aval.shape);
  switch (body.kind) {
    case 'map':
      return { loops: { kind: 'map', domain: aval.shape }, coordinate, value: body.at(coordinate) };
    case 'reduce': {
      const value = body.value(coordinate, indices(body.reduced, aval.shape.length));
      const accumulators = [{ monoid: body.monoid, dtype: computedIn(aval.dtype), value }];
      const { reduced } = body;
      return {
        loops: { kind: 'reduce', domain: aval.shape, reduced, accumulators },
        coordinate,
        value: total(body.monoid, aval.dtype, 0),
      };
    }
    case 'contract': {
      const i = contractIndices(body);
      const { batch, rows, columns, depth } = body;
      const lhs = body.lhs(i.batch, i.rows, i.depth);
      const rhs = body.rhs(i.batch, i.columns, i.depth);
      return {
        loops: { kind: 'contract', batch, rows, columns, depth, lhs, rhs },
        coordinate: body.coordinate(i.batch, i.rows, i.columns),
        value: total('add', aval.dtype, 0),
      };
    }
  }
}

/**
 * The result of accumulator `slot` in an array's dtype. Narrow dtypes are accumulated as they are computed, and narrowed once;
 * an extreme of them is one of them, but that the identity of a wider dtype lies beyond all.
 */
function total(monoid: Monoid, dtype: DType, slot: number): Expr {
  const result = acc(slot, computedIn(dtype));
  if (!isNarrow(dtype) || (monoid !== 'max' && monoid !== 'min')) return narrow(dtype, result);
  const { min, max } = boundsOf(dtype);
  return dtype === 'f16' ? result : binary(monoid, result, constant(dtype, monoid === 'max' ? min : max));
}

/** What the loops evaluate besides the stores. */
export function loopReads(loops: Loops): readonly Expr[] {
  if (loops.kind === 'map') return [];
  return loops.kind === 'reduce' ? loops.accumulators.map((a) => a.value) : [loops.lhs, loops.rhs];
}

const memberOf = (root: Root, coordinate: readonly Expr[], value: Expr, inRow = false): Member => ({
  root,
  coordinate,
  position: linearize(coordinate, root.aval.shape),
  value,
  inRow,
});

function addMember(group: KernelGroup, member: Member, more: readonly Expr[], producers: Producers): void {
  group.members.push(member);
  for (const { operand } of loadsOf([member.value, ...more])) {
    group.reads.add(operand);
    producers.of(operand).forEach((g) => group.dependencies.add(g));
  }
}

/** Adds `root` to `group` if it fits there. */
export function join(group: KernelGroup, root: Root, fusion: Fusion): boolean {
  switch (root.body.kind) {
    case 'map':
      return joinMap(group, root, root.body.at, fusion) || joinRow(group, root, root.body.at, fusion);
    case 'reduce':
      return joinReduce(group, root, fusion);
    case 'contract':
      return false;
  }
}

/** Loads of the group's own results, if each is of the element at the point where it is computed; else null. */
function ownLoads(group: KernelGroup, expressions: readonly Expr[]): readonly Expr[] | null {
  const own = new Map(group.members.map((m) => [m.root.id, m]));
  const loads = loadsOf(expressions).filter((l) => own.has(l.operand));
  return loads.every((l) => l.guard === null && l.index === own.get(l.operand)?.position) ? loads : null;
}

/** The group's own results in the place of loads of them. */
function inlined(group: KernelGroup): (e: Expr) => Expr {
  const own = new Map(group.members.map((m) => [m.root.id, m.value]));
  return rewriter((e) => (e.kind === 'load' ? (own.get(e.operand) ?? e) : e));
}

/** A map over the domain of the group. */
function joinMap(group: KernelGroup, root: Root, element: (c: readonly Expr[]) => Expr, fusion: Fusion): boolean {
  const first = at(group.members, 0);
  if (sizeOf(first.root.aval.shape) !== sizeOf(root.aval.shape)) return false;
  const coordinate = sameShape(first.root.aval.shape, root.aval.shape)
    ? first.coordinate
    : delinearize(first.position, root.aval.shape);
  const outside = element(coordinate);
  const vertical = ownLoads(group, [outside]);
  if (vertical === null) return false;
  const shared = loadsOf([outside]).some((l) => group.reads.has(l.operand));
  const sibling = group.loops.kind === 'map' && shared && sameShape(first.root.aval.shape, root.aval.shape);
  // Values of one element (learning rates, bias corrections) share a kernel whatever they read.
  const scalars = group.loops.kind === 'map' && sizeOf(root.aval.shape) === 1;
  if (vertical.length === 0 && !sibling && !scalars) return false;
  return admit(group, memberOf(root, coordinate, inlined(group)(outside)), [], fusion);
}

/** A map over a reduction's domain and row that reads what was reduced: it is stored as the row is walked once more. */
function joinRow(group: KernelGroup, root: Root, element: (c: readonly Expr[]) => Expr, fusion: Fusion): boolean {
  const { loops } = group;
  if (loops.kind !== 'reduce' || !walksRowOf(group, root)) return false;
  for (const coordinate of rowCoordinates(root.aval.shape, loops.domain, loops.reduced)) {
    const outside = element(coordinate);
    const vertical = ownLoads(group, [outside]);
    if (vertical === null || vertical.length === 0) continue;
    return admit(group, memberOf(root, coordinate, inlined(group)(outside), true), [], fusion);
  }
  return false;
}

/**
 * The ways to see an array as the points of a domain and a row, the axes of both in their order: the coordinate of each
 * point. If there is none, the elements in their order may be those of row after row.
 */
function rowCoordinates(shape: Shape, domain: Shape, row: Shape): readonly (readonly Expr[])[] {
  const found: (readonly Expr[])[] = [];
  const go = (coordinate: readonly Expr[], d: number, r: number): void => {
    const extent = shape[coordinate.length];
    if (domain[d] === 1) return go(coordinate, d + 1, r);
    if (row[r] === 1) return go(coordinate, d, r + 1);
    if (extent === undefined) {
      if (d === domain.length && r === row.length) found.push(coordinate);
      return;
    }
    if (extent === 1) return go([...coordinate, lit(0)], d, r);
    if (domain[d] === extent) go([...coordinate, index(d, extent)], d + 1, r);
    if (row[r] === extent) go([...coordinate, index(domain.length + r, extent)], d, r + 1);
  };
  go([], 0, 0);
  if (found.length > 0) return found;
  const whole = [...domain, ...row];
  return [delinearize(linearize(indices(whole), whole), shape)];
}

/**
 * Reductions over one row that are kernels of their own, as they had nothing in common when they were made, become one
 * kernel where `root` reads the results of several along that row. Gives the group that another one has taken in, or null.
 */
export function mergeForRow(root: Root, fusion: Fusion): [gone: Group, into: Group] | null {
  const { producers, readsOf } = fusion;
  const read = [...readsOf(root)].flatMap((id) => producers.of(id));
  const found = [...new Set(read)].flatMap((g) => (g.kind === 'kernel' && walksRowOf(g, root) ? [g] : []));
  for (const into of found) {
    for (const gone of found) {
      if (gone === into || gone.loops.kind !== 'reduce' || into.loops.kind !== 'reduce') continue;
      if (!sameRow(gone.loops, into.loops) || !canTakeIn(into, gone, producers)) continue;
      const roots = [...gone.members, ...into.members].map((m) => m.root);
      if (!canBind(roots, [...gone.reads, ...into.reads], fusion)) continue;
      takeIn(into, gone);
      for (const { root: moved } of gone.members) producers.set(moved.id, into);
      return [gone, into];
    }
  }
  return null;
}

/** Is `root` computed along the row that the group reduces? */
function walksRowOf({ loops }: KernelGroup, { body, aval }: Root): boolean {
  if (loops.kind !== 'reduce') return false;
  const [rows, length] = [product(loops.domain), product(loops.reduced)];
  if (length <= 1 || !worthARowwiseKernel(rows, length)) return false;
  if (body.kind === 'map') return sizeOf(aval.shape) === rows * length;
  return body.kind === 'reduce' && sameRow(loops, { domain: aval.shape, reduced: body.reduced });
}

type RowLoops = Pick<Extract<Loops, { kind: 'reduce' }>, 'domain' | 'reduced'>;

const sameRow = (a: RowLoops, b: RowLoops): boolean => sameShape(a.domain, b.domain) && sameShape(a.reduced, b.reduced);

/** Does `gone` need of `into`, if anything, what it computes at the same points, and `into` nothing of `gone`? */
function canTakeIn(into: KernelGroup, gone: KernelGroup, producers: Producers): boolean {
  if (dependsOn(into, gone)) return false;
  // What is behind a barrier can't be read before the kernel that it waits for is over.
  const waits = [...gone.reads].some((id) => producers.aliases.has(id) && producers.of(id).includes(into));
  if (waits) return false;
  if ([...gone.dependencies].some((g) => g !== into && dependsOn(g, into))) return false;
  return ownLoads(into, [...loopReads(gone.loops), ...gone.members.map((m) => m.value)]) !== null;
}

function takeIn(into: KernelGroup, gone: KernelGroup): void {
  if (into.loops.kind !== 'reduce' || gone.loops.kind !== 'reduce') return;
  const first = into.loops.accumulators.length;
  const renumbered = rewriter((e) => (e.kind === 'acc' ? acc(first + e.slot, e.dtype) : e));
  const inline = inlined(into);
  const moved = (e: Expr): Expr => inline(renumbered(e));
  const more = gone.loops.accumulators.map((a) => ({ ...a, value: moved(a.value) }));
  const computed = new Set(into.members.map((m) => m.root.id));
  into.loops = { ...into.loops, accumulators: [...into.loops.accumulators, ...more] };
  into.members.push(...gone.members.map((m) => ({ ...m, value: moved(m.value) })));
  for (const id of gone.reads) if (!computed.has(id)) into.reads.add(id);
  for (const g of gone.dependencies) if (g !== into) into.dependencies.add(g);
}

/** A reduction over the same row as others: beside them, or after those whose results it reads. */
function joinReduce(group: KernelGroup, root: Root, fusion: Fusion): boolean {
  const { loops } = group;
  if (loops.kind !== 'reduce' || root.body.kind !== 'reduce') return false;
  // Before anything is evaluated: most groups are about something else.
  if (!sameRow(loops, { domain: root.aval.shape, reduced: root.body.reduced })) return false;
  const alone = open(root);
  if (alone.loops.kind !== 'reduce') return false;
  const values = alone.loops.accumulators.map((a) => a.value);
  const vertical = ownLoads(group, values);
  if (vertical === null) return false;
  const fits =
    vertical.length > 0
      ? worthARowwiseKernel(product(loops.domain), product(loops.reduced))
      : sharesLoads(values, loopReads(loops));
  if (!fits) return false;
  const added = alone.loops.accumulators.map((a) => ({ ...a, value: inlined(group)(a.value) }));
  const result = total(root.body.monoid, root.aval.dtype, loops.accumulators.length);
  const member = memberOf(root, at(group.members, 0).coordinate, result);
  const joined = admit(group, member, added.map((a) => a.value), fusion); // prettier-ignore
  if (joined) group.loops = { ...loops, accumulators: [...loops.accumulators, ...added] };
  return joined;
}

/** Do they read some elements in the same order? */
function sharesLoads(a: readonly Expr[], b: readonly Expr[]): boolean {
  const loads = new Set<Expr>(loadsOf(b));
  return loadsOf(a).some((l) => loads.has(l));
}

/** The last checks: no cycle among kernels or within one, and no more operands than the target can bind. */
function admit(group: KernelGroup, member: Member, more: readonly Expr[], fusion: Fusion): boolean {
  const { producers } = fusion;
  // What the kernel reads already was written before it.
  if (group.reads.has(member.root.id)) return false;
  const ids = new Set(loadsOf([member.value, ...more]).map((l) => l.operand));
  const from = [...ids].flatMap((id) => producers.of(id));
  if (from.some((g) => dependsOn(g, group))) return false;
  const grown = { ...group, members: [...group.members, member] };
  const saved = (): number => updatesInPlace({ ...grown, reads: new Set([...group.reads, ...ids]) }, more, fusion);
  if (!canBind(grown.members.map((m) => m.root), [...group.reads, ...ids], fusion, saved)) return false; // prettier-ignore
  addMember(group, member, more, producers);
  return true;
}

/**
 * Can the target bind all that a kernel of these roots reads from others and stores? `saved`: how many of the results
 * will be where something is that is read.
 */
function canBind(
  roots: readonly Root[],
  reads: readonly number[],
  { producers, target, isStored }: Fusion,
  saved = (): number => 0,
): boolean {
  const kernel = new Set<Node>(roots);
  const own = new Set(roots.map((r) => r.id));
  const buffers = new Set(reads.map((id) => unaliased(producers.aliases, id)).filter((id) => !own.has(id)));
  const beyond = buffers.size + roots.filter((r) => isStored(r, kernel)).length - target.maxOperands;
  return beyond <= 0 || beyond <= saved();
}

/** How many of a kernel's results can be written over something that it reads; not what `more` reads besides. */
function updatesInPlace(group: KernelGroup, more: readonly Expr[], { overwritten }: Fusion): number {
  const elsewhere = new Set(loadsOf(more).map((l) => l.operand));
  const free = new Set(overwritten.donated.filter((v) => group.reads.has(v.id) && !elsewhere.has(v.id)));
  let count = 0;
  for (const { root } of group.members) {
    if (!overwritten.results.has(root)) continue;
    const over = [...free].find((v) => writesElementwise(group, v, root));
    if (over === undefined) continue;
    free.delete(over);
    count += 1;
  }
  return count;
}

/** Does the kernel read of `v` only the element that it then writes for `result`? */
export function writesElementwise(group: KernelGroup, v: Value, result: Value): boolean {
  if (v.aval.dtype !== result.aval.dtype || sizeOf(v.aval.shape) !== sizeOf(result.aval.shape)) return false;
  const own = group.members.find((m) => m.root === result);
  const inLoops = loopReads(group.loops);
  // What is stored along a row may be read along the row before.
  if (own?.inRow !== true && loadsOf(inLoops).some((l) => l.operand === v.id)) return false;
  return loadsOf([...inLoops, ...group.members.map((m) => m.value)])
    .filter((l) => l.operand === v.id)
    .every((l) => l.index === own?.position && l.guard === null);
}

/** Does `a` read, directly or through others, what `b` computes? */
export function dependsOn(a: Group, b: Group): boolean {
  const seen = new Set<Group>();
  const go = (g: Group): boolean => {
    if (g === b) return true;
    if (seen.has(g)) return false;
    seen.add(g);
    return [...g.dependencies].some(go);
  };
  return go(a);
}
