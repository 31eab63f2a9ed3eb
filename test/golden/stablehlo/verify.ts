/** What is wrong with the values of a StableHLO module: used before they are there, or with another type than they have. */

const valueName = '%[a-z]*[0-9]+(?:#[0-9]+)?';
const tensor = 'tensor<[^>]*>';

const typesIn = (text: string): readonly string[] => text.match(new RegExp(tensor, 'g')) ?? [];
const valuesIn = (text: string): readonly string[] => text.match(new RegExp(valueName, 'g')) ?? [];
/** `%0: tensor<f32>, …` */
const bindersIn = (text: string): readonly (readonly [string, string])[] =>
  [...text.matchAll(new RegExp(`(${valueName}): (${tensor})`, 'g'))].map(([, name, type]) => [name as string, type as string]); // prettier-ignore

/** A block that is being read: what it belongs to, and its values. */
interface Block {
  readonly of: 'module' | 'function' | 'loop' | 'region';
  readonly values: Map<string, string>;
}

/** An operation whose regions are being read. */
interface Open {
  readonly name: string;
  readonly operands: readonly string[];
  /** What the regions of a loop start with. */
  readonly carried: readonly (readonly [string, string])[];
}

class Verifier {
  readonly problems: string[] = [];
  private readonly blocks: Block[] = [];
  private readonly open: Open[] = [];

  read(line: string): void {
    const closed = line.startsWith('}') ? this.blocks.pop() : undefined;
    if (line.startsWith('module')) this.enter('module', []);
    else if (line.startsWith('func.func')) this.enter('function', bindersIn(line));
    else if (line === 'cond {' || line === '} do {') this.enter('loop', this.open.at(-1)?.carried ?? []);
    else if (line === '}, {') this.enter('region', []);
    else if (line === '}') {
      if (closed?.of === 'loop') this.open.pop();
    } else if (line.startsWith('}) : ')) this.regionsEnd(line);
    else if (line.startsWith('^bb0')) this.define(bindersIn(line));
    else if (/^(stablehlo\.)?return/.test(line)) this.use(valuesIn(line), typesIn(line), line);
    else if (!line.startsWith('sdy.')) this.operation(line);
  }

  private enter(of: Block['of'], values: readonly (readonly [string, string])[]): void {
    this.blocks.push({ of, values: new Map(values) });
  }

  private operation(line: string): void {
    const [, name = '', rest = ''] = /^(%[0-9]+)(?::[0-9]+)? = (.*)$/.exec(line) ?? [];
    const operands = valuesIn(rest.split(' : ')[0] as string);
    if (rest.startsWith('stablehlo.while')) {
      const types = typesIn(rest);
      const carried = operands.filter((_, i) => i % 2 === 0).map((v, i) => [v, types[i] as string] as const);
      this.use(operands.filter((_, i) => i % 2 === 1), types, line); // prettier-ignore
      this.results(name, types);
      this.open.push({ name, operands: [], carried });
    } else if (rest.endsWith('({')) {
      this.open.push({ name, operands, carried: [] });
      this.enter('region', []);
    } else if (name === '') this.problems.push(`no operation: ${line}`);
    else this.complete(name, operands, rest);
  }

  private regionsEnd(line: string): void {
    const { name, operands } = this.open.pop() as Open;
    this.complete(name, operands, line);
  }

  /** `… : (types) -> types`, or `… : type` where operands and results have one type. */
  private complete(name: string, operands: readonly string[], text: string): void {
    const types = text.slice(text.lastIndexOf(' : '));
    const [before, after] = types.split(' -> ') as [string, string?];
    const outs = typesIn(after ?? before);
    if (after !== undefined) this.use(operands, typesIn(before), text);
    else if (text.startsWith('stablehlo.select')) this.use(operands, [...outs, outs[1] as string], text);
    else if (outs.length === 1)
      this.use(operands, operands.map(() => outs[0] as string), text); // prettier-ignore
    else this.use(operands, outs, text);
    this.results(name, text.startsWith('stablehlo.select') ? outs.slice(1) : outs);
  }

  private results(name: string, types: readonly string[]): void {
    this.define(types.map((t, i) => [types.length === 1 ? name : `${name}#${i}`, t] as const));
  }

  private define(values: readonly (readonly [string, string])[]): void {
    for (const [name, type] of values) {
      if (this.typeOf(name) !== undefined) this.problems.push(`${name} is there twice`);
      this.blocks.at(-1)?.values.set(name, type);
    }
  }

  private use(names: readonly string[], types: readonly string[], line: string): void {
    if (names.length !== types.length) this.problems.push(`${names.length} values of ${types.length} types: ${line}`);
    names.forEach((name, i) => {
      const type = this.typeOf(name);
      if (type === undefined) this.problems.push(`${name} is not there: ${line}`);
      else if (type !== types[i]) this.problems.push(`${name} is ${type}, not ${types[i]}: ${line}`);
    });
  }

  private typeOf(name: string): string | undefined {
    return this.blocks.map((b) => b.values.get(name)).find((t) => t !== undefined);
  }

  end(): readonly string[] {
    const unclosed = this.blocks.length + this.open.length;
    return unclosed === 0 ? this.problems : [...this.problems, `${unclosed} blocks do not end`];
  }
}

/** The problems of a module's text. */
export function verifyModule(text: string): readonly string[] {
  const verifier = new Verifier();
  const lines = text.split('\n').map((line) => line.trim());
  lines.filter((line) => line !== '').forEach((line) => verifier.read(line));
  return verifier.end();
}
