import type { Expr } from '../../kernel/expr.ts';
import { acc, index, rewriter } from '../../kernel/expr.ts';
import { iadd, imul, lit } from '../../kernel/index-algebra.ts';
import type { Store } from '../../kernel/kernel.ts';
import type { Block, Product } from './product.ts';
import { atPlace } from './product.ts';
import { operandNames, writeQuads, writeStores } from './shader.ts';
import type { Quad } from './wide.ts';
import { components, quadOf } from './wide.ts';
import { Writer } from './writer.ts';

/** Are the columns a number of fours? Else they are stored one by one. */
const inFours = (p: Product): boolean => p.columns % 4 === 0;

/** The place of four results in one row, `n` counting columns in fours, or of one of them, in column `j`. */
const placeOf = (p: Product): { readonly [K in 'b' | 'm' | 'n' | 'j']: Expr } => ({
  b: index(0, p.batches),
  m: index(1, p.rows),
  n: index(2, Math.ceil(p.columns / 4)),
  j: index(3, p.columns),
});

/** Each store of the product for four results in one row, whose sums are `acc(0)` to `acc(3)`, or for one, of `acc(0)`. */
export function storeQuads(p: Product): readonly Quad<Store>[] {
  const { b, m, n, j } = placeOf(p);
  const columns = inFours(p) ? quadOf((c) => iadd(imul(n, 4), lit(c))) : [j];
  return p.kernel.stores.map((s) =>
    columns.map((column, c) => {
      const { value, position } = atPlace(p, { b, m, n: column });
      const total = rewriter((e) => (e.kind === 'acc' ? acc(c, e.dtype) : e));
      return { ...s, index: position(s.index), value: total(value(s.value)) };
    }),
  );
}

/** `fn store_at(b, m, n, sums)`: the epilogue for four columns; nothing where a block overhangs the product. */
export function storeFunction(
  p: Product,
  block: Block,
  quads: readonly Quad<Store>[],
  wide: ReadonlySet<number>,
): readonly string[] {
  const roots = quads.flat().flatMap((s) => [s.index, s.value]);
  const writer = new Writer(operandNames(p.kernel, wide), p.helpers, roots);
  const { b, m, n, j } = placeOf(p);
  const beyond = [
    ...(p.rows % block.rows === 0 ? [] : [`m >= ${p.rows}`]),
    ...(inFours(p) && p.columns % block.columns !== 0 ? [`n >= ${p.columns / 4}`] : []),
  ];
  const variables: readonly (readonly [Expr, string])[] = [
    [b, 'b'],
    [m, 'm'],
    [n, 'n'],
    ...(inFours(p) ? components.map((name, c) => [acc(c, p.kernel.dtype), `sums.${name}`] as const) : []),
  ];
  const body = writer.block(variables, () => {
    if (beyond.length > 0) writer.nested(`if (${beyond.join(' || ')})`, () => writer.line('return;'));
    if (inFours(p)) return writeQuads(p.kernel, quads, wide, writer);
    const sum = [acc(0, p.kernel.dtype), 'sums[j - n * 4]'] as const;
    writer.repeated(`for (var j = n * 4; j < min(n * 4 + 4, ${p.columns}); j++)`, [[j, 'j'], sum], () => writeStores(p.kernel, quads.flat(), writer)); // prettier-ignore
  });
  const parameters = [...(p.batches > 1 ? ['b: i32'] : []), 'm: i32', 'n: i32', `sums: vec4<${p.type}>`];
  return [`fn store_at(${parameters.join(', ')}) {`, ...body.map((l) => `  ${l}`), '}'];
}
