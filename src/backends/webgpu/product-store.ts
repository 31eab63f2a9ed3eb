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

/** The place of four results in one row: `n` counts columns in fours. */
const placeOf = (p: Product): { readonly b: Expr; readonly m: Expr; readonly n: Expr } => ({
  b: index(0, p.batches),
  m: index(1, p.rows),
  n: index(2, Math.ceil(p.columns / 4)),
});

/** Each store of the product for four results in one row, whose sums are `acc(0)` to `acc(3)`. */
export function storeQuads(p: Product): readonly Quad<Store>[] {
  const { b, m, n } = placeOf(p);
  return p.kernel.stores.map((s) =>
    quadOf((c) => {
      const { value, position } = atPlace(p, { b, m, n: iadd(imul(n, 4), lit(c)) });
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
  const { b, m, n } = placeOf(p);
  const whole = p.columns % 4 === 0;
  const beyond = [
    ...(p.rows % block.rows === 0 ? [] : [`m >= ${p.rows}`]),
    ...(whole && p.columns % block.columns !== 0 ? [`n >= ${p.columns / 4}`] : []),
  ];
  const variables: readonly (readonly [Expr, string])[] = [
    [b, 'b'],
    [m, 'm'],
    [n, 'n'],
    ...components.map((name, c) => [acc(c, p.kernel.dtype), `sums.${name}`] as const),
  ];
  const body = writer.block(variables, () => {
    if (beyond.length > 0) writer.nested(`if (${beyond.join(' || ')})`, () => writer.line('return;'));
    if (whole) writeQuads(p.kernel, quads, wide, writer);
    else {
      quadOf((c) => {
        const stores = quads.map((q) => q[c] as Store);
        writer.nested(`if (n * 4${c === 0 ? '' : ` + ${c}`} < ${p.columns})`, () =>
          writeStores(p.kernel, stores, writer),
        );
      });
    }
  });
  const parameters = [...(p.batches > 1 ? ['b: i32'] : []), 'm: i32', 'n: i32', `sums: vec4<${p.type}>`];
  return [`fn store_at(${parameters.join(', ')}) {`, ...body.map((l) => `  ${l}`), '}'];
}
