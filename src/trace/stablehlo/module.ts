import { withoutDeadCode } from '../dead-code.ts';
import type { ClosedJaxpr } from '../jaxpr.ts';
import { applyJaxpr } from './apply.ts';
import { HloBuilder } from './builder.ts';
import type { FunctionAttributes } from './writer.ts';
import { HloFunctions } from './writer.ts';
import { symbol } from './text.ts';

/** What a module says beside the function itself; all as text, as StableHLO and its dialects spell it. */
export interface ModuleOptions {
  /** The module's attributes: `mhlo.num_partitions = 8 : i32`. */
  readonly attributes?: readonly string[];
  /** What stands before the functions: `sdy.mesh @mesh = <["data"=8]>`. */
  readonly declarations?: readonly string[];
  /** Attributes of `main`'s arguments and results, one list each: `sdy.sharding = …`, `tf.aliasing_output = 0 : i32`. */
  readonly main?: FunctionAttributes;
}

/** The attributes that say of an argument whether results may take its memory. */
export const donation = (donated: boolean): readonly string[] => (donated ? ['jax.buffer_donor = true'] : []);

/**
 * A function as a StableHLO module, whose public function `main` takes the Jaxpr's inputs; what it captured is written out
 * in constants.
 */
export function stableHloModule(name: string, closed: ClosedJaxpr, options: ModuleOptions = {}): string {
  const { constants } = closed;
  const jaxpr = withoutDeadCode(closed.jaxpr);
  const declarations = options.declarations ?? [];
  const functions = new HloFunctions(declarations.some((d) => d.startsWith('sdy.mesh @mesh ')));
  const b = new HloBuilder(functions);
  const ins = jaxpr.inputs.map((v) => v.aval);
  const outs = jaxpr.outputs.map((a) => a.aval);
  const main = b.function(
    'public @main',
    ins,
    outs,
    (args) => {
      const captured = constants.map((c) => b.dense(c.aval, c.dataSync()));
      return applyJaxpr(b, jaxpr, [...captured, ...args]);
    },
    options.main,
  );
  const attributes = options.attributes ?? [];
  const head = `module @${symbol(name)}${attributes.length === 0 ? '' : ` attributes {${attributes.join(', ')}}`} {`;
  const inside = [...declarations, main, ...functions.texts];
  return [head, ...inside.map((text) => text.replace(/^/gm, '  ')), '}', ''].join('\n');
}
