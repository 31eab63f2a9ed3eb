import type { Func, Local, Statement, Value } from './code.ts';
import { get } from './code.ts';

/**
 * Moves vector literals out of loops, into variables that are set once at the start of the function: an engine makes a
 * literal from several instructions each time it comes by. Zeros and ones are one instruction anywhere.
 */
export function hoistLiterals(f: Func): void {
  const variables = new Map<string, Local>();
  const sets: Statement[] = [];
  const literal = (value: Extract<Value, { kind: 'const128' }>): Value => {
    if (isCheap(value.words)) return value;
    const key = value.words.map((w) => w >>> 0).join();
    let local = variables.get(key);
    if (local === undefined) {
      variables.set(key, (local = f.local('v128', 'c')));
      sets.push({ kind: 'set', local, value });
    }
    return get(local);
  };
  const body = f.body.map((s) => statement(s, false, literal));
  if (sets.length > 0) f.body.splice(0, f.body.length, ...sets, ...body);
}

const isCheap = (words: readonly number[]): boolean =>
  words.every((w) => w === 0) || words.every((w) => w >>> 0 === 2 ** 32 - 1);

type Literal = (value: Extract<Value, { kind: 'const128' }>) => Value;

function statement(s: Statement, inLoop: boolean, literal: Literal): Statement {
  const value = (v: Value): Value => (inLoop ? rewritten(v, literal) : v);
  const block = (b: readonly Statement[]): readonly Statement[] => b.map((x) => statement(x, inLoop, literal));
  switch (s.kind) {
    case 'set':
      return { ...s, value: value(s.value) };
    case 'store':
      return { ...s, instruction: { ...s.instruction, args: s.instruction.args.map(value) } };
    case 'run':
      return { ...s, args: s.args.map(value) };
    case 'if':
      return { ...s, test: value(s.test), then: block(s.then), otherwise: block(s.otherwise) };
    case 'loop':
      return {
        ...s,
        body: s.body.map((x) => statement(x, true, literal)),
        again: rewritten(s.again, literal),
      };
    case 'trap':
    case 'comment':
      return s;
  }
}

function rewritten(v: Value, literal: Literal): Value {
  switch (v.kind) {
    case 'const128':
      return literal(v);
    case 'op':
    case 'call': {
      const args = v.args.map((a) => rewritten(a, literal));
      return args.every((a, i) => a === v.args[i]) ? v : { ...v, args };
    }
    case 'select': {
      const [a, b, test] = v.args.map((x) => rewritten(x, literal)) as [Value, Value, Value];
      return a === v.args[0] && b === v.args[1] && test === v.args[2] ? v : { ...v, args: [a, b, test] };
    }
    case 'const':
    case 'const64':
    case 'get':
      return v;
  }
}
