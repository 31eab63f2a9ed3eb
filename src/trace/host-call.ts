import type { Aval } from './aval.ts';
import type { Equation, Jaxpr } from './jaxpr.ts';
import { subJaxprs } from './jaxpr.ts';
import type { NDArray } from './value.ts';

/**
 * A function of the host that a program calls: a primitive that holds one in its parameter `host` is not compiled, but
 * run by the host between programs. A call without results has an effect, such as printing, and is never dropped.
 */
export class HostFunction {
  readonly name: string;
  /** The types of its results, which `call` must keep to. */
  readonly results: readonly Aval[];
  private readonly body: HostBody;

  constructor(name: string, results: readonly Aval[], body: HostBody) {
    this.name = name;
    this.results = results;
    this.body = body;
  }

  /** Calls it with arrays on the host; so are its results. */
  call(inputs: readonly NDArray[]): readonly NDArray[] {
    return this.body(inputs, this.results);
  }

  /** The same function with other results: those of a whole batch. */
  returning(results: readonly Aval[]): HostFunction {
    return new HostFunction(this.name, results, this.body);
  }

  toString(): string {
    return this.name;
  }
}

/** From arrays on the host to results of the given types. */
export type HostBody = (inputs: readonly NDArray[], results: readonly Aval[]) => readonly NDArray[];

/** The host function that a primitive with these parameters calls, or null. */
export const hostFunctionOf = (params: unknown): HostFunction | null =>
  typeof params === 'object' && params !== null && 'host' in params && params.host instanceof HostFunction
    ? params.host
    : null;

/** Remembers a property of Jaxprs that holds if it holds for one of the equations, at whatever depth. */
function anywhere(holds: (host: HostFunction) => boolean): (jaxpr: Jaxpr) => boolean {
  const known = new WeakMap<Jaxpr, boolean>();
  const inJaxpr = (jaxpr: Jaxpr): boolean => {
    let found = known.get(jaxpr);
    if (found === undefined) {
      found = jaxpr.equations.some(({ params }) => {
        const host = hostFunctionOf(params);
        return host === null ? subJaxprs(params).some(inJaxpr) : holds(host);
      });
      known.set(jaxpr, found);
    }
    return found;
  };
  return inJaxpr;
}

/** Does the Jaxpr call the host, also inside of loops and the like? */
export const callsHost = anywhere(() => true);

const acts = anywhere((host) => host.results.length === 0);

/** Does the equation do something besides computing results? */
export function hasEffect({ params }: Equation): boolean {
  const host = hostFunctionOf(params);
  return host === null ? subJaxprs(params).some(acts) : host.results.length === 0;
}
