import type { Expr } from '../../kernel/expr.ts';
import { constant, guarded, index, select } from '../../kernel/expr.ts';
import { delinearize, iadd, idiv, ilt, imod, imul, lit } from '../../kernel/index-algebra.ts';
import { product, range } from '../../util/array.ts';
import { InternalError } from '../../util/error.ts';
import type { Block, Product } from './product.ts';
import { atPlace, tileColumn, tileRow } from './product.ts';
import type { Quad } from './wide.ts';
import { components, loadsAreWide, quadOf } from './wide.ts';
import type { Writer } from './writer.ts';

/**
 * The sums of one invocation's tile. Elements of both operands are read in vectors of four: along the depth where they are
 * neighbours in memory in that direction (`along`), else along the operand's own axis, rows or columns. Any pair of
 * directions multiplies without moving components about: sums are vectors of four columns, or of four rows where only the
 * right operand lies along the depth.
 */
export class Tiles {
  readonly #p: Product;
  readonly #block: Block;
  readonly #lhs: Side;
  readonly #rhs: Side;
  /** Steps of the loop over the depth of what is at hand: by four where a vector holds four. */
  readonly #step: 1 | 4;
  /** All that is written. */
  readonly values: readonly Expr[];

  constructor(p: Product, block: Block) {
    this.#p = p;
    this.#block = block;
    const [columns, rows] = block.tile;
    const at = (own: 'm' | 'n', e: Expr) => (position: Expr, k: readonly Expr[]): Expr => atPlace(p, { b: block.b, [own]: position, k }).value(e); // prettier-ignore
    this.#lhs = new Side({ p, block, name: 'lhs', at: at('m', p.kernel.lhs), first: block.m0, blockLength: block.rows, own: tileRow(block), length: rows, place: 'y' }); // prettier-ignore
    this.#rhs = new Side({ p, block, name: 'rhs', at: at('n', p.kernel.rhs), first: block.n0, blockLength: block.columns, own: tileColumn(block), length: columns, place: 'x' }); // prettier-ignore
    this.#step = this.#lhs.along || this.#rhs.along ? 4 : 1;
    this.values = [this.#lhs, this.#rhs].flatMap((s) =>
      block.staged === null ? s.directly(this.#step).flatMap(([, q]) => q) : s.staging().flatMap((q) => q),
    );
  }

  /** Variables in workgroup memory. */
  get globals(): readonly string[] {
    const { staged } = this.#block;
    if (staged === null) return [];
    const tiles = [this.#lhs, this.#rhs].map((s) => s.variable(staged));
    const { parts, workgroup } = this.#block;
    if (parts === 1) return tiles;
    const others = (parts - 1) * product(workgroup);
    return [
      ...tiles,
      `var<workgroup> part_sums: array<vec4<${this.#p.type}>, ${others}>; // of all parts but the first`,
    ];
  }

  /** Declares the sums, adds them up, and stores them. */
  write(writer: Writer): void {
    const { staged, parts } = this.#block;
    this.#eachSum((name) => writer.line(`var ${name} = vec4<${this.#p.type}>();`));
    if (staged === null) this.#direct(writer);
    else this.#staged(writer, staged);
    if (parts === 1) return this.#store(writer);
    this.#eachSum((name) => writer.line(`${name} = whole_sum(${name}, lane);`));
    writer.nested('if (part == 0)', () => this.#store(writer));
  }

  /** `fn whole_sum(sum, lane)`: the first part's sum with those of the others added to it, always in the same order. */
  get functions(): readonly string[] {
    const { parts, workgroup } = this.#block;
    if (parts === 1) return [];
    const own = product(workgroup);
    const type = `vec4<${this.#p.type}>`;
    return [
      "// The first part's sum with those of the others added to it, in their order.",
      `fn whole_sum(sum: ${type}, lane: i32) -> ${type} {`,
      `  if (lane >= ${own}) {`,
      `    part_sums[lane - ${own}] = sum;`,
      '  }',
      '  workgroupBarrier();',
      '  var whole = sum;',
      `  if (lane < ${own}) {`,
      `    for (var i = lane; i < ${(parts - 1) * own}; i += ${own}) {`,
      '      whole += part_sums[i];',
      '    }',
      '  }',
      '  workgroupBarrier();',
      '  return whole;',
      '}',
      '',
    ];
  }

  #direct(writer: Writer): void {
    const loops = depthLoops(this.#p.kernel.depth, this.#step);
    const within = (axis: number): void => {
      const loop = loops[axis];
      if (loop !== undefined) {
        const [variable, extent] = loop;
        if (extent === 1) return within(axis + 1);
        return writer.loop(variable, loops.length === 1 ? 'k' : `k${axis}`, extent, () => within(axis + 1));
      }
      for (const side of [this.#lhs, this.#rhs]) {
        side.directly(this.#step).forEach(([name, quad]) => writer.line(`let ${name} = ${writer.quad(quad)};`));
      }
      this.#products(writer);
    };
    within(0);
  }

  #staged(writer: Writer, staged: number): void {
    const { parts } = this.#block;
    const slices = Math.ceil(this.#p.depth / staged);
    const slice = (): void => {
      this.#lhs.stage(writer);
      this.#rhs.stage(writer);
      writer.line('workgroupBarrier();');
      const steps = staged / this.#step / parts;
      const head =
        parts === 1
          ? `for (var k = 0; k < ${steps}; k++)`
          : `for (var k = part * ${steps}; k < part * ${steps} + ${steps}; k++)`;
      writer.repeated(head, [], () => {
        for (const side of [this.#lhs, this.#rhs]) side.fetch(this.#step, staged).forEach((l) => writer.line(l));
        this.#products(writer);
      });
      if (slices > 1) writer.line('workgroupBarrier();');
    };
    if (slices === 1) slice();
    else writer.loop(this.#lhs.slice, 'slice', slices, slice);
  }

  /** Are the vectors of sums along rows? */
  get #byRows(): boolean {
    return this.#rhs.along && !this.#lhs.along;
  }

  #eachSum(body: (name: string) => void): void {
    const [lines, vectors] = this.#byRows ? [this.#rhs, this.#lhs] : [this.#lhs, this.#rhs];
    range(lines.length).forEach((i) => range(vectors.length / 4).forEach((v) => body(sumName(i, v, vectors.length))));
  }

  #products(writer: Writer): void {
    const [lines, vectors] = this.#byRows ? [this.#rhs, this.#lhs] : [this.#lhs, this.#rhs];
    range(lines.length).forEach((i) =>
      range(vectors.length / 4).forEach((v) => {
        const sum = sumName(i, v, vectors.length);
        if (lines.along && vectors.along) {
          const dots = quadOf((c) => `dot(${lines.vector(i)}, ${vectors.vector(4 * v + c)})`);
          writer.line(`${sum} += vec4(${dots.join(', ')});`);
        } else {
          range(this.#step).forEach((kk) =>
            writer.line(`${sum} += ${lines.element(i, kk)} * ${vectors.across(v, kk)};`),
          );
        }
      }),
    );
  }

  #store(writer: Writer): void {
    const [columns, rows] = this.#block.tile;
    const b = this.#block.b.kind === 'const' ? '' : 'b, ';
    const m = writer.named(tileRow(this.#block)).text;
    const n = writer.named(idiv(tileColumn(this.#block), 4)).text;
    const across = columns / 4;
    const plus = (x: string, more: string): string => (more === '0' ? x : x === '0' ? more : `${x} + ${more}`);
    const vectors = range(rows).flatMap((r) => range(across).map((v) => this.#fourColumns(r, v)));
    if (this.#block.storesInLoop && rows > 1) {
      // Drivers unroll loops that begin at a number; that takes them long for what is stored here. (`min(x, 0)` is 0.)
      const start = m === '0' ? 'min(x, 0)' : across === 1 ? m : `${m} * ${across}`;
      writer.line(`let first = ${start};`);
      writer.line(`var sums = array<vec4<${this.#p.type}>, ${vectors.length}>(${vectors.join(', ')});`);
      const head = `for (var i = first; i < min(first + ${vectors.length}, ${this.#p.rows * across}); i++)`;
      writer.repeated(head, [], () => {
        const [row, column] = across === 1 ? ['i', '0'] : [`i / ${across}`, `i % ${across}`];
        writer.line(`store_at(${b}${row}, ${plus(n, column)}, sums[i - first]);`);
      });
    } else {
      vectors.forEach((sums, i) => {
        const [row, column] = [Math.floor(i / across), i % across];
        writer.line(`store_at(${b}${plus(m, String(row))}, ${plus(n, String(column))}, ${sums});`);
      });
    }
  }

  /** The sums of four columns in a row. */
  #fourColumns(row: number, v: number): string {
    const [columns, rows] = this.#block.tile;
    if (!this.#byRows) return sumName(row, v, columns);
    const component = components[row % 4] as string;
    return `vec4(${quadOf((c) => `${sumName(4 * v + c, Math.floor(row / 4), rows)}.${component}`).join(', ')})`;
  }
}

const sumName = (line: number, vector: number, length: number): string =>
  `sum${line}${length === 4 ? '' : `_${vector}`}`;

interface SideOptions {
  readonly name: 'lhs' | 'rhs';
  readonly p: Product;
  readonly block: Block;
  /** The element at a row or column and a depth. */
  readonly at: (own: Expr, k: readonly Expr[]) => Expr;
  /** The first row or column of the block, and how many it has. */
  readonly first: Expr;
  readonly blockLength: number;
  /** The same for the invocation's tile, and the coordinate that tells which of the block's it is. */
  readonly own: Expr;
  readonly length: number;
  readonly place: 'x' | 'y';
}

/** One operand of the product as a block and a tile need it. */
class Side {
  readonly along: boolean;
  readonly slice: Expr;
  readonly #o: SideOptions;
  #reads: readonly (readonly [name: string, values: Quad<Expr>])[] | null = null;
  #moves: readonly Quad<Expr>[] | null = null;

  constructor(options: SideOptions) {
    this.#o = options;
    const { block, p } = options;
    const { depth } = p;
    this.slice = index(6, block.staged === null ? 1 : Math.ceil(depth / block.staged));
    const wide = (along: boolean): boolean =>
      loadsAreWide(
        p.kernel,
        block.staged === null ? this.#read(along, 0, along ? 4 : 1, 0) : this.#stagedQuad(along, 0),
      );
    const fours = (block.staged === null ? (p.kernel.depth.at(-1) ?? 1) : depth) % 4 === 0;
    this.along = block.alongDepth && fours && !wide(false) && wide(true);
  }

  /** How many rows or columns the tile has. */
  get length(): number {
    return this.#o.length;
  }

  // ----------------------------------------------------------------------------- what the products are made of

  /** The vector along the depth of a row or column. */
  vector(i: number): string {
    return `${this.#o.name}${i}`;
  }

  /** One element: of row or column `i`, at step `kk` of the depth. */
  element(i: number, kk: number): string {
    if (this.along) return `${this.vector(i)}.${components[kk] as string}`;
    return `${this.across(Math.floor(i / 4), kk)}.${components[i % 4] as string}`;
  }

  /** The vector of four rows or columns, at step `kk` of the depth. */
  across(v: number, kk: number): string {
    if (this.along) throw new InternalError('a vector across an operand that is read along the depth');
    return kk === 0 ? `${this.#o.name}${v}` : `${this.#o.name}${v}_${kk}`;
  }

  /** The vectors of the tile for one step, by name. */
  #vectors(step: 1 | 4): readonly (readonly [name: string, v: number, kk: number])[] {
    return this.along
      ? range(this.length).map((i) => [this.vector(i), i, 0] as const)
      : range(step).flatMap((kk) => range(this.length / 4).map((v) => [this.across(v, kk), v, kk] as const));
  }

  // ------------------------------------------------------------------------------------- without workgroup memory

  /** What a step reads, by the name of the vector. */
  directly(step: 1 | 4): readonly (readonly [name: string, values: Quad<Expr>])[] {
    return (this.#reads ??= this.#vectors(step).map(
      ([name, v, kk]) => [name, this.#read(this.along, v, step, kk)] as const,
    ));
  }

  #read(along: boolean, v: number, step: 1 | 4, kk: number): Quad<Expr> {
    const { at, own, p } = this.#o;
    const axes = p.kernel.depth;
    const variables = depthLoops(axes, step).map(([variable]) => variable);
    // What is at hand in one step lies along the innermost axis.
    const innermost = variables.pop() ?? lit(0);
    const k = (i: number): readonly Expr[] => {
      const last = iadd(imul(innermost, step), lit(i));
      return variables.length === axes.length - 1 ? [...variables, last] : delinearize(last, axes);
    };
    return quadOf((c) => (along ? at(iadd(own, lit(v)), k(c)) : at(iadd(own, lit(4 * v + c)), k(kk))));
  }

  // ---------------------------------------------------------------------------------------- by workgroup memory

  #staged(): number {
    const { staged } = this.#o.block;
    if (staged === null) throw new InternalError('nothing is staged');
    return staged;
  }

  get #tile(): string {
    return `${this.#o.name}_tile`;
  }

  variable(staged: number): string {
    const { type } = this.#o.p;
    const vectors = (staged * this.#o.blockLength) / 4;
    const what = this.#o.name === 'lhs' ? 'rows' : 'columns';
    const order = this.along ? `${this.#o.blockLength} ${what}, four of ${staged} depths` : `${staged} depths, four of ${this.#o.blockLength} ${what}`; // prettier-ignore
    return `var<workgroup> ${this.#tile}: array<vec4<${type}>, ${vectors}>; // ${order}`;
  }

  /** Vectors that each invocation moves to workgroup memory. */
  get #turns(): number {
    return Math.ceil((this.#staged() * this.#o.blockLength) / 4 / this.#o.block.invocations);
  }

  /** What an invocation moves in each turn. */
  staging(): readonly Quad<Expr>[] {
    return (this.#moves ??= range(this.#turns).map((u) => this.#stagedQuad(this.along, u)));
  }

  stage(writer: Writer): void {
    const { invocations } = this.#o.block;
    const total = (this.#staged() * this.#o.blockLength) / 4;
    this.staging().forEach((quad, u) => {
      const position = `lane${u === 0 ? '' : ` + ${u * invocations}`}`;
      const move = (): void => writer.line(`${this.#tile}[${position}] = ${writer.quad(quad)};`);
      if ((u + 1) * invocations <= total) move();
      else writer.nested(`if (${position} < ${total})`, move);
    });
  }

  #stagedQuad(along: boolean, u: number): Quad<Expr> {
    const { at, first, block, blockLength, p } = this.#o;
    const { depth } = p;
    const staged = this.#staged();
    const position = iadd(block.lane, lit(u * block.invocations));
    const inner = (along ? staged : blockLength) / 4;
    const [four, line] = [imul(imod(position, inner), 4), idiv(position, inner)];
    const k0 = imul(this.slice, staged);
    return quadOf((c) => {
      const own = iadd(first, along ? line : iadd(four, lit(c)));
      const k = iadd(k0, along ? iadd(four, lit(c)) : line);
      // The last slice overhangs: nothing is added for what is beyond the depth.
      const inside = depth % staged === 0 ? constant('bool', 1) : ilt(iadd(k0, along ? four : line), lit(depth));
      return onlyWhere(at(own, delinearize(k, p.kernel.depth)), inside);
    });
  }

  /** Lines that fetch the tile's vectors for one step from workgroup memory. */
  fetch(step: 1 | 4, staged: number): readonly string[] {
    const { place, blockLength, block } = this.#o;
    const many = (place === 'x' ? block.workgroup[0] : block.workgroup[1]) > 1;
    const [own, depth] = this.along ? [staged / 4, 1] : [1, blockLength / 4];
    const perPlace = own * (this.along ? this.length : this.length / 4);
    return this.#vectors(step).map(([name, v, kk]) => {
      const position = sumText([
        ['k', this.along ? 1 : step * depth],
        ...(many ? [[place, perPlace] as const] : []),
        ['1', v * own + kk * depth],
      ]);
      return `let ${name} = ${this.#tile}[${position}];`;
    });
  }
}

/** Products of less depth are better unrolled, which drivers do with one loop. */
const shortDepth = 32;

/** Loop variables over the axes of the depth, the innermost by steps; one over all of them where they are short. */
function depthLoops(axes: readonly number[], step: 1 | 4): readonly (readonly [variable: Expr, extent: number])[] {
  const loops = product(axes) <= shortDepth ? [product(axes)] : axes;
  return loops.map((extent, i) => {
    const count = i === loops.length - 1 ? extent / step : extent;
    return [index(7 + i, count), count];
  });
}

/** A sum of multiples, without those of zero. */
const sumText = (terms: readonly (readonly [name: string, times: number])[]): string =>
  terms
    .filter(([, times]) => times !== 0)
    .map(([name, times]) => (name === '1' ? String(times) : times === 1 ? name : `${name} * ${times}`))
    .join(' + ');

/** A value where a condition holds, else 0: nothing is read there. */
function onlyWhere(e: Expr, condition: Expr): Expr {
  if (condition.kind === 'const') return e;
  return e.kind === 'load' ? guarded(e, condition) : select(condition, e, constant(e.dtype, 0));
}
