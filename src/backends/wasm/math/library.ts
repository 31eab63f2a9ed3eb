import type { Value } from '../module/code.ts';
import { call, Func } from '../module/code.ts';
import type { ValueType } from '../module/opcodes.ts';
import { buildF32x4, f32x4Value } from './f32x4.ts';
import { buildF64 } from './f64.ts';
import { buildInteger } from './integer.ts';

/** Functions of f64 that generated code can call; all take and return f64. */
export const f64Functions = [
  'exp',
  'expm1',
  'log',
  'log1p',
  'sin',
  'cos',
  'tan',
  'tanh',
  'atan',
  'erf',
  'pow',
  'atan2',
  'rem',
] as const;
export type F64Function = (typeof f64Functions)[number];

/** Functions of four f32. */
export type F32x4Function = F64Function;

/** Integer division that never traps. */
export type IntegerFunction = 'div_s' | 'div_u' | 'rem_s' | 'rem_u' | 'floordiv' | 'floormod';

const binaryFunctions: ReadonlySet<string> = new Set(['pow', 'atan2', 'rem']);

/** Functions of lanes that are written into one function of a kernel at most: the code stays small. */
const mostInlined = 10;

/** The functions that a module's kernels call, each made when it is first asked for. */
export class Library {
  readonly funcs: Func[] = [];
  /** May generated code use the fused multiply-add of relaxed SIMD? */
  readonly relaxed: boolean;
  private readonly made = new Map<string, Func>();
  private readonly inlined = new Map<Func, number>();

  constructor(relaxed = false) {
    this.relaxed = relaxed;
  }

  f64(name: F64Function): Func {
    return this.function(`f64_${name}`, 'f64', binaryFunctions.has(name) ? 2 : 1, (f) => buildF64(this, f, name));
  }

  f32x4(name: F32x4Function): Func {
    return this.function(`f32x4_${name}`, 'v128', binaryFunctions.has(name) ? 2 : 1, (f) => buildF32x4(this, f, name));
  }

  /**
   * The value of a function of lanes in `f`: its code, as constants then stay in registers and neighbouring vectors overlap,
   * or a call where there are many.
   */
  lanes(f: Func, name: F32x4Function, ...args: readonly Value[]): Value {
    const before = this.inlined.get(f) ?? 0;
    if (before >= mostInlined) return call(this.f32x4(name), ...args);
    this.inlined.set(f, before + 1);
    return f32x4Value({ f, lib: this }, name, ...args);
  }

  integer(name: IntegerFunction): Func {
    return this.function(`i32_${name}`, 'i32', 2, (f) => buildInteger(f, name));
  }

  private function(name: string, type: ValueType, arity: number, build: (f: Func) => void): Func {
    let f = this.made.get(name);
    if (f === undefined) {
      f = new Func(
        name,
        arity === 1
          ? [['x', type]]
          : [
              ['x', type],
              ['y', type],
            ],
        [type],
      );
      this.made.set(name, f);
      build(f);
      this.funcs.push(f);
    }
    return f;
  }
}
