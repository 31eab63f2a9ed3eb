import type { Edge } from './contract.ts';
import { castContract, floatContract, integerContract } from './contract.ts';

/** The tables of docs/numerics.md, as Markdown. */

const constants: readonly (readonly [number, string])[] = [
  [Math.fround(Math.PI), 'π'],
  [Math.fround(Math.PI / 2), 'π/2'],
  [Math.fround(Math.PI / 4), 'π/4'],
  [2 ** 31, '2³¹'],
  [-(2 ** 31), '−2³¹'],
  [2 ** 31 - 1, '2³¹−1'],
  [2 ** 32, '2³²'],
  [2 ** 32 - 1, '2³²−1'],
  [2 ** 32 - 2, '2³²−2'],
];

function numeral(x: number): string {
  if (x === Infinity) return '∞';
  if (x === -Infinity) return '−∞';
  if (Object.is(x, -0)) return '−0';
  return constants.find(([value]) => value === x)?.[1] ?? String(x).replaceAll('-', '−');
}

const edgesText = (edges: readonly Edge[]): string =>
  edges.map(([operands, result]) => `(${operands.map(numeral).join(', ')}) → ${numeral(result)}`).join(' · ');

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '-'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

const floats = table(
  ['operation', 'webgpu', 'wasm', 'why not 0 on webgpu', 'at the edges, on every device'],
  Object.entries(floatContract).map(([op, { ulp, because, edges }]) => [
    `\`${op}\``,
    String(ulp.webgpu),
    String(ulp.wasm),
    because,
    edgesText(edges),
  ]),
);

const integers = table(
  ['operation', 'i32', 'u32'],
  Object.entries(integerContract).map(([op, { i32, u32 }]) => [`\`${op}\``, edgesText(i32), edgesText(u32)]),
);

const casts = table(
  ['from', 'to', 'rule', 'examples'],
  castContract.map(({ from, to, rule, edges }) => [from, to, rule, edgesText(edges)]),
);

const tables: Readonly<Record<string, string>> = { floats, integers, casts };

/** The page with its tables as they must be: each is between a comment that names it and one that ends it. */
export const withTables = (page: string): string =>
  page.replaceAll(
    /(<!-- table: (\w+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, begin: string, name: string, end: string) =>
      `${begin}\n${tables[name] ?? `there is no table ${name}`}\n\n${end}`,
  );
