import { index } from '../../kernel/expr.ts';
import type { MapKernel } from '../../kernel/kernel.ts';
import { product } from '../../util/array.ts';
import type { Helper } from './math.ts';
import type { Shader, WgslTarget } from './shader.ts';
import { assemble, domainText, entryName, operandNames, perPoint, writeStores } from './shader.ts';
import { flattened, substitution } from './substitute.ts';
import { Writer } from './writer.ts';

/** A map: one invocation for each point of the domain, which is flattened to one loop variable `i`. */
export function emitMap(kernel: MapKernel, target: WgslTarget): Shader {
  const total = product(kernel.domain);
  const entry = entryName(kernel);
  if (total === 0) return { kernel, entry, wgsl: `// ${kernel.source}\n// nothing to do\n`, dispatch: null };
  const { value, position } = substitution(flattened(0, kernel.domain));
  const stores = kernel.stores.map((s) => ({ ...s, index: position(s.index), value: value(s.value) }));
  const layout = perPoint(total, target);
  const helpers = new Set<Helper>();
  const roots = stores.flatMap((s) => [s.index, s.value]);
  const writer = new Writer(operandNames(kernel), helpers, roots);
  const body = writer.block([[index(0, total), 'i']], () => {
    layout.lines.forEach((l) => writer.line(l));
    writeStores(kernel, stores, writer);
  });
  const main = [
    `@compute @workgroup_size(${layout.workgroup})`,
    `fn ${entry}(@builtin(global_invocation_id) id: vec3<u32>) {`,
    ...body.map((l) => `  ${l}`),
    '}',
  ];
  const about = `map over ${domainText(kernel.domain)}: one invocation for each of ${total} points`;
  return { kernel, entry, wgsl: assemble(kernel, { about, helpers, functions: main }), dispatch: layout.dispatch };
}
