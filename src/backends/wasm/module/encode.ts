import { invariant } from '../../../util/assert.ts';
import type { Func, Instruction, Module, Statement, Value } from './code.ts';
import type { ValueType } from './opcodes.ts';
import { opcodes } from './opcodes.ts';

/** The most pages that a 32-bit memory can have: 4 GiB. */
export const maximumPages = 65536;

const typeCodes: Readonly<Record<ValueType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };

/** A growing array of bytes. */
class Writer {
  private data = new Uint8Array(1024);
  length = 0;

  byte(value: number): void {
    if (this.length === this.data.length) this.grow(this.length + 1);
    this.data[this.length++] = value;
  }

  bytes(values: Uint8Array): void {
    this.grow(this.length + values.length);
    this.data.set(values, this.length);
    this.length += values.length;
  }

  private grow(least: number): void {
    if (least <= this.data.length) return;
    const next = new Uint8Array(Math.max(least, this.data.length * 2));
    next.set(this.data);
    this.data = next;
  }

  unsigned(value: number): void {
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.byte(rest);
  }

  signed(value: bigint): void {
    let rest = value;
    for (;;) {
      const low = Number(rest & 0x7fn);
      rest >>= 7n;
      if ((rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0)) return this.byte(low);
      this.byte(low | 0x80);
    }
  }

  text(value: string): void {
    const encoded = new TextEncoder().encode(value);
    this.unsigned(encoded.length);
    this.bytes(encoded);
  }

  section(id: number, write: (w: Writer) => void): void {
    this.byte(id);
    this.sized(write);
  }

  /** Writes a part preceded by its length. */
  sized(write: (w: Writer) => void): void {
    const inner = new Writer();
    write(inner);
    this.unsigned(inner.length);
    this.bytes(inner.finish());
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.data.slice(0, this.length);
  }
}

/** The module's bytes: types, the memory import, functions, one export named `run`, and function names. */
export function encodeModule(module: Module): Uint8Array<ArrayBuffer> {
  const w = new Writer();
  for (const b of [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]) w.byte(b);
  const indexOf = new Map(module.funcs.map((f, i) => [f, i]));
  w.section(1, (s) => {
    s.unsigned(module.funcs.length);
    for (const f of module.funcs) {
      s.byte(0x60);
      s.unsigned(f.params.length);
      f.params.forEach((p) => s.byte(typeCodes[p.type]));
      s.unsigned(f.results.length);
      f.results.forEach((type) => s.byte(typeCodes[type]));
    }
  });
  w.section(2, (s) => {
    s.unsigned(1);
    s.text('env');
    s.text('memory');
    s.byte(2);
    s.byte(module.shared ? 3 : 1);
    s.unsigned(0);
    s.unsigned(maximumPages);
  });
  w.section(3, (s) => {
    s.unsigned(module.funcs.length);
    module.funcs.forEach((_, i) => s.unsigned(i));
  });
  w.section(7, (s) => {
    s.unsigned(1);
    s.text('run');
    s.byte(0);
    s.unsigned(functionIndex(indexOf, module.exported));
  });
  w.section(10, (s) => {
    s.unsigned(module.funcs.length);
    for (const f of module.funcs) s.sized((body) => encodeFunction(body, f, indexOf));
  });
  w.section(0, (s) => {
    s.text('name');
    s.section(1, (names) => {
      names.unsigned(module.funcs.length);
      module.funcs.forEach((f, i) => {
        names.unsigned(i);
        names.text(f.name);
      });
    });
  });
  return w.finish();
}

function functionIndex(indexOf: ReadonlyMap<Func, number>, f: Func): number {
  const index = indexOf.get(f);
  invariant(index !== undefined, `function ${f.name} is not in the module`);
  return index;
}

function encodeFunction(w: Writer, f: Func, indexOf: ReadonlyMap<Func, number>): void {
  const runs: { type: ValueType; count: number }[] = [];
  for (const { type } of f.locals) {
    const last = runs.at(-1);
    if (last?.type === type) last.count += 1;
    else runs.push({ type, count: 1 });
  }
  w.unsigned(runs.length);
  for (const { type, count } of runs) {
    w.unsigned(count);
    w.byte(typeCodes[type]);
  }
  const encoder = new BodyEncoder(w, indexOf);
  f.body.forEach((s) => encoder.statement(s));
  invariant(f.returns.length === f.results.length, `the results of ${f.name}`);
  f.returns.forEach((v) => encoder.value(v));
  w.byte(0x0b);
}

class BodyEncoder {
  private readonly w: Writer;
  private readonly indexOf: ReadonlyMap<Func, number>;
  private readonly float = new DataView(new ArrayBuffer(8));

  constructor(w: Writer, indexOf: ReadonlyMap<Func, number>) {
    this.w = w;
    this.indexOf = indexOf;
  }

  statement(s: Statement): void {
    const { w } = this;
    switch (s.kind) {
      case 'set':
        this.value(s.value);
        w.byte(0x21);
        return w.unsigned(s.local.index);
      case 'store':
        return this.instruction(s.instruction);
      case 'run':
        s.args.forEach((a) => this.value(a));
        w.byte(0x10);
        w.unsigned(functionIndex(this.indexOf, s.target));
        if (s.into.length === 0) s.target.results.forEach(() => w.byte(0x1a));
        // The last result is on top of the stack.
        for (const local of [...s.into].reverse()) {
          w.byte(0x21);
          w.unsigned(local.index);
        }
        return;
      case 'if':
        this.value(s.test);
        w.byte(0x04);
        w.byte(0x40);
        s.then.forEach((t) => this.statement(t));
        if (s.otherwise.length > 0) w.byte(0x05);
        s.otherwise.forEach((t) => this.statement(t));
        return w.byte(0x0b);
      case 'loop':
        w.byte(0x03);
        w.byte(0x40);
        s.body.forEach((t) => this.statement(t));
        this.value(s.again);
        w.byte(0x0d);
        w.byte(0);
        return w.byte(0x0b);
      case 'trap':
        return w.byte(0x00);
      case 'comment':
        return;
    }
  }

  value(v: Value): void {
    const { w } = this;
    switch (v.kind) {
      case 'const':
        return this.literal(v.type, v.value);
      case 'const64':
        w.byte(0x42);
        return w.signed(v.value);
      case 'const128':
        w.byte(0xfd);
        w.unsigned(12);
        for (const word of v.words) for (let shift = 0; shift < 32; shift += 8) w.byte((word >>> shift) & 0xff);
        return;
      case 'get':
        w.byte(0x20);
        return w.unsigned(v.local.index);
      case 'select':
        v.args.forEach((a) => this.value(a));
        if (v.type !== 'v128') return w.byte(0x1b);
        w.byte(0x1c);
        w.byte(1);
        return w.byte(typeCodes.v128);
      case 'call':
        v.args.forEach((a) => this.value(a));
        w.byte(0x10);
        return w.unsigned(functionIndex(this.indexOf, v.target));
      case 'op':
        return this.instruction(v);
    }
  }

  private literal(type: 'i32' | 'f32' | 'f64', value: number): void {
    const { w, float } = this;
    if (type === 'i32') {
      w.byte(0x41);
      return w.signed(BigInt(value));
    }
    const size = type === 'f32' ? 4 : 8;
    w.byte(type === 'f32' ? 0x43 : 0x44);
    if (type === 'f32') float.setFloat32(0, value, true);
    else float.setFloat64(0, value, true);
    for (let i = 0; i < size; i++) w.byte(float.getUint8(i));
  }

  private instruction({ op, args, offset, lanes }: Instruction): void {
    const { w } = this;
    args.forEach((a) => this.value(a));
    const { code, simd, immediate, align } = opcodes[op];
    if (simd) {
      w.byte(0xfd);
      w.unsigned(code);
    } else if (code > 0xff) {
      w.byte(code >> 8);
      w.unsigned(code & 0xff);
    } else w.byte(code);
    if (immediate === 'memory' || immediate === 'memoryLane') {
      w.unsigned(align);
      w.unsigned(offset);
    }
    if (immediate === 'lane' || immediate === 'memoryLane' || immediate === 'lanes') lanes.forEach((l) => w.byte(l));
  }
}
