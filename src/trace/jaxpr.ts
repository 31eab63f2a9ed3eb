import type { Origin } from '../util/origin.ts';
import type { Aval } from './aval.ts';
import type { Primitive } from './primitive.ts';
import type { NDArray } from './value.ts';

/**
 * A Jaxpr: a function as typed equations in single static assignment, without closures. Constants that the traced
 * function captured come in as `constants`, whose values a {@link ClosedJaxpr} holds.
 */
export interface Jaxpr {
  readonly constants: readonly Var[];
  readonly inputs: readonly Var[];
  readonly equations: readonly Equation[];
  readonly outputs: readonly Atom[];
}

/** A Jaxpr with the values of its constants. */
export interface ClosedJaxpr {
  readonly jaxpr: Jaxpr;
  readonly constants: readonly NDArray[];
}

/** `outputs = primitive[params] inputs`. */
export interface Equation {
  readonly primitive: Primitive;
  readonly params: unknown;
  readonly inputs: readonly Atom[];
  readonly outputs: readonly Var[];
  /** The named scopes around it, and the user's line while debugging asks for lines; nothing where there is neither. */
  readonly origin?: Origin | undefined;
}

/** What an equation reads. */
export type Atom = Var | Literal;

/** A variable, bound once. */
export class Var {
  readonly aval: Aval;

  constructor(aval: Aval) {
    this.aval = aval;
  }
}

/** A scalar written into the program. */
export class Literal {
  readonly aval: Aval;
  readonly value: number;

  constructor(aval: Aval, value: number) {
    this.aval = aval;
    this.value = value;
  }
}

/** The Jaxprs among an equation's parameters, in lists too. */
export function subJaxprs(params: unknown): readonly Jaxpr[] {
  if (typeof params !== 'object' || params === null) return [];
  return Object.values(params as Readonly<Record<string, unknown>>)
    .flatMap((v) => (Array.isArray(v) ? (v as readonly unknown[]) : [v]))
    .filter(isJaxpr);
}

/** Is this parameter a Jaxpr? */
export const isJaxpr = (x: unknown): x is Jaxpr =>
  typeof x === 'object' && x !== null && 'equations' in x && 'inputs' in x && 'outputs' in x;
