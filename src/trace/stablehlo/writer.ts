import type { DType, HostArray } from '../../kernel/dtype.ts';
import { range } from '../../util/array.ts';
import type { Shape } from '../aval.ts';
import type { HloValue, TensorType } from './text.ts';
import { denseText, functionType, literal, names, symbol, tensorType, tensorTypes } from './text.ts';

/** The functions of a module beside `main`, each written once. */
export class HloFunctions {
  /** Does the module declare a mesh `@mesh`, which shardings are about? */
  readonly hasMesh: boolean;
  /** The texts, in the order in which they were asked for first. */
  readonly texts: string[] = [];
  private readonly made = new Map<unknown, string>();
  private readonly taken = new Set(['main']);

  constructor(hasMesh: boolean) {
    this.hasMesh = hasMesh;
  }

  /** The name of the function that `key` stands for; it is written at first. */
  named(key: unknown, name: string, write: (name: string) => string): string {
    const known = this.made.get(key);
    if (known !== undefined) return known;
    const plain = symbol(name);
    let free = plain;
    for (let n = 0; this.taken.has(free); n++) free = `${plain}_${n}`;
    this.taken.add(free);
    this.made.set(key, free);
    const place = this.texts.push('') - 1;
    this.texts[place] = write(free);
    return free;
  }
}

/** A block of operations while it is written, with the constants that it has. */
interface Block {
  readonly lines: string[];
  readonly constants: Map<string, HloValue>;
}

const step = '  ';

/** Writes the body of one function: each call adds an operation where the writer stands. */
export class HloWriter {
  readonly functions: HloFunctions;
  private readonly blocks: Block[] = [];
  private next = 0;

  constructor(functions: HloFunctions) {
    this.functions = functions;
  }

  /**
   * Adds an operation.
   *
   * @param text all that comes after `=`.
   */
  add(text: string, outs: readonly TensorType[]): readonly HloValue[] {
    const name = `%${this.next++}`;
    const many = outs.length > 1;
    this.line(outs.length === 0 ? text : `${name}${many ? `:${outs.length}` : ''} = ${text}`);
    return outs.map(({ shape, dtype }, i) => ({ name: many ? `${name}#${i}` : name, shape, dtype }));
  }

  /** Adds an operation with one result. */
  add1(text: string, out: TensorType): HloValue {
    return this.add(text, [out])[0] as HloValue;
  }

  /** An array of one value. The same constant of the same block, or of one around it, is one value. */
  constant(dtype: DType, value: number, shape: Shape = []): HloValue {
    const type = { shape, dtype };
    const text = `stablehlo.constant dense<${shape.includes(0) ? '' : literal(dtype, value)}> : ${tensorType(type)}`;
    const known = this.blocks.map((b) => b.constants.get(text)).find((v) => v !== undefined);
    if (known !== undefined) return known;
    const made = this.add1(text, type);
    this.block.constants.set(text, made);
    return made;
  }

  /** An array with its elements written out. */
  dense(type: TensorType, data: HostArray): HloValue {
    return this.add1(`stablehlo.constant dense<${denseText(type, data)}> : ${tensorType(type)}`, type);
  }

  /** `"stablehlo.op"(operands) <{attributes}> (regions) : type`, which every operation can be written as. */
  generic(
    op: string,
    operands: readonly HloValue[],
    attributes: readonly string[],
    outs: readonly TensorType[],
    regions: readonly (() => string)[] = [],
  ): readonly HloValue[] {
    const properties = attributes.length === 0 ? '' : ` <{${attributes.join(', ')}}>`;
    const inner = regions.length === 0 ? '' : ` (${regions.map((r) => r()).join(', ')})`;
    return this.add(
      `"stablehlo.${op}"(${names(operands)})${properties}${inner} : ${functionType(operands, outs)}`,
      outs,
    );
  }

  /** A region whose arguments have these types, for {@link generic}. */
  region(types: readonly TensorType[], body: (...args: readonly HloValue[]) => readonly HloValue[]): () => string {
    return () => {
      const args = this.fresh(types);
      const head = args.length === 0 ? '' : `^bb0(${args.map((a) => `${a.name}: ${tensorType(a)}`).join(', ')}):\n`;
      return `{\n${head}${this.written(() => body(...args), 'stablehlo.return')}\n}`;
    };
  }

  /** Repeats `body` on what is carried while `condition` holds. Both may read all values from around the loop. */
  whileLoop(
    init: readonly HloValue[],
    condition: (...carried: readonly HloValue[]) => HloValue,
    body: (...carried: readonly HloValue[]) => readonly HloValue[],
  ): readonly HloValue[] {
    const args = this.fresh(init);
    const head = `stablehlo.while(${args.map((a, i) => `${a.name} = ${init[i]?.name}`).join(', ')})`;
    const test = this.written(() => [condition(...args)], 'stablehlo.return');
    const trip = this.written(() => body(...args), 'stablehlo.return');
    return this.add(`${head} : ${tensorTypes(init)}\ncond {\n${test}\n} do {\n${trip}\n}`, init);
  }

  /** The results of the branch that the i32 scalar `index` chooses. */
  cases(
    index: HloValue,
    outs: readonly TensorType[],
    branches: readonly (() => readonly HloValue[])[],
  ): readonly HloValue[] {
    if (outs.length === 0) return [];
    return this.generic('case', [index], [], outs, branches.map((b) => this.region([], b))); // prettier-ignore
  }

  /** Calls a function that is written once for each `key`. */
  call(
    name: string,
    key: unknown,
    ins: readonly HloValue[],
    outs: readonly TensorType[],
    body: (inner: this, args: readonly HloValue[]) => readonly HloValue[],
  ): readonly HloValue[] {
    const made = this.functions.named(key, name, (free) => {
      const inner = this.another();
      return inner.function(`private @${free}`, ins, outs, (args) => body(inner, args));
    });
    return this.add(`func.call @${made}(${names(ins)}) : ${functionType(ins, outs)}`, outs);
  }

  /** The text of a function; `attributes` belong to its arguments and results. */
  function(
    head: string,
    ins: readonly TensorType[],
    outs: readonly TensorType[],
    body: (args: readonly HloValue[]) => readonly HloValue[],
    attributes: FunctionAttributes = {},
  ): string {
    const args = ins.map(({ shape, dtype }, i): HloValue => ({ name: `%arg${i}`, shape, dtype }));
    const parameters = args.map((a, i) => `${a.name}: ${tensorType(a)}${attributeText(attributes.arguments?.[i])}`);
    const results = outs.map((o, i) => `${tensorType(o)}${attributeText(attributes.results?.[i])}`);
    const returned = results.length === 1 && (attributes.results?.[0]?.length ?? 0) === 0 ? results[0] : `(${results.join(', ')})`; // prettier-ignore
    return `func.func ${head}(${parameters.join(', ')}) -> ${returned} {\n${this.written(() => body(args), 'return')}\n}`;
  }

  /** A writer of another function of the module. */
  protected another(): this {
    return new (this.constructor as new (functions: HloFunctions) => this)(this.functions);
  }

  private fresh(types: readonly TensorType[]): readonly HloValue[] {
    const first = this.next;
    this.next += types.length;
    return range(types.length).map((i) => ({ ...(types[i] as TensorType), name: `%${first + i}` }));
  }

  /** The text of a block that ends by giving back the results. */
  private written(body: () => readonly HloValue[], terminator: string): string {
    this.blocks.push({ lines: [], constants: new Map() });
    const results = body();
    this.line(results.length === 0 ? terminator : `${terminator} ${names(results)} : ${tensorTypes(results)}`);
    return (this.blocks.pop() as Block).lines.join('\n');
  }

  private get block(): Block {
    return this.blocks.at(-1) as Block;
  }

  private line(text: string): void {
    this.block.lines.push(text.replace(/^/gm, step));
  }
}

/** Attributes of a function's arguments and results, each as text: `sdy.sharding = …`. */
export interface FunctionAttributes {
  readonly arguments?: readonly (readonly string[])[];
  readonly results?: readonly (readonly string[])[];
}

const attributeText = (attributes: readonly string[] = []): string =>
  attributes.length === 0 ? '' : ` {${attributes.join(', ')}}`;
