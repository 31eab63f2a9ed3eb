import { Func, op } from './module/code.ts';
import { encodeModule } from './module/encode.ts';
import { splatWord } from './vector-ops.ts';
import type { WasmFeatures } from './program.ts';

/** Asks the engine what it can compile. */
export function detectFeatures(): WasmFeatures {
  return { relaxedSimd: validates('f32x4.relaxed_madd') };
}

/** Does the engine have plain SIMD, without which nothing runs? */
export const hasSimd = (): boolean => validates('f32x4.add');

function validates(name: 'f32x4.relaxed_madd' | 'f32x4.add'): boolean {
  const f = new Func('run', [], ['v128']);
  const zero = splatWord(0);
  f.returns = [name === 'f32x4.add' ? op(name, zero, zero) : op(name, zero, zero, zero)];
  return WebAssembly.validate(encodeModule({ funcs: [f], exported: f, shared: false, notes: [] }));
}
