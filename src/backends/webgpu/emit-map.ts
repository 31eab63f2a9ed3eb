import { index } from '../../kernel/expr.ts';
import type { MapKernel } from '../../kernel/kernel.ts';
import { product } from '../../util/array.ts';
import type { Helper } from './math.ts';
import type { ShaderParts, WgslTarget } from './shader.ts';
import { domainText, operandNames, perPoint, writeStores } from './shader.ts';
import { flattened, substitution } from './substitute.ts';
import { Writer } from './writer.ts';

/** A map: one invocation for each point of the domain, which is flattened to one loop variable `i`. */
export function emitMap(kernel: MapKernel, target: WgslTarget): ShaderParts | null {
  const total = product(kernel.domain);
  if (total === 0) return null;
  const { value, position } = substitution(flattened(0, kernel.domain));
  const stores = kernel.stores.map((s) => ({ ...s, index: position(s.index), value: value(s.value) }));
  const { lines, dispatch, ...main } = perPoint(total, target);
  const helpers = new Set<Helper>();
  const roots = stores.flatMap((s) => [s.index, s.value]);
  const writer = new Writer(operandNames(kernel), helpers, roots);
  const body = writer.block([[index(0, total), 'i']], () => {
    lines.forEach((l) => writer.line(l));
    writeStores(kernel, stores, writer);
  });
  const about = `map over ${domainText(kernel.domain)}: one invocation for each of ${total} points`;
  return { about, helpers, main: { ...main, body }, dispatch };
}
