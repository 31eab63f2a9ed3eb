import fc from 'fast-check';

/**
 * Random programs as data: a list of instructions over a growing pool of values, so that a failing one shrinks by
 * turning instructions into `skip`. All values have shape [], [3] or [2, 3], which broadcast together.
 */

/** Refers to a value of the pool, counted from the latest and wrapping around. */
export type Ref = number;

export const unaryNames = [
  'sin', 'cos', 'tanh', 'logistic', 'neg', 'bell', 'log1p', 'root', 'halfSquare', 'abs', 'cumsum', 'flip', 'roll',
  'sort', 'sum', 'mean', 'max', 'prod', 'softmax', 'stack', 'transposed', 'sliced', 'padded', 'reversed', 'gathered',
  'cast', 'stopped', 'cumprod', 'windowed', 'convolved', 'logsumexp', 'customJvp', 'customVjp', 'rescaled',
] as const; // prettier-ignore
export const binaryNames = [
  'add',
  'sub',
  'mul',
  'div',
  'maximum',
  'where',
  'gram',
  'matvec',
  'concatenated',
  'scattered',
  'replaced',
  'scaledAt',
  'picked',
  'solved',
] as const;
export const blockNames = [
  'scan',
  'reverseScan',
  'cond',
  'switchCase',
  'foriLoop',
  'jit',
  'vmap',
  'vmapSum',
  'checkpoint',
  'whileMax',
] as const;

export type Instruction =
  | { readonly kind: 'skip' }
  | { readonly kind: 'unary'; readonly op: (typeof unaryNames)[number]; readonly x: Ref }
  | { readonly kind: 'binary'; readonly op: (typeof binaryNames)[number]; readonly x: Ref; readonly y: Ref }
  | {
      readonly kind: 'block';
      readonly op: (typeof blockNames)[number];
      readonly x: Ref;
      readonly y: Ref;
      readonly trips: number;
      readonly bodies: readonly (readonly Instruction[])[];
    };

export type Program = readonly Instruction[];

const skip: fc.Arbitrary<Instruction> = fc.constant({ kind: 'skip' });
const ref = fc.nat({ max: 5 });
const unary = fc.record({ kind: fc.constant('unary' as const), op: fc.constantFrom(...unaryNames), x: ref });
const binary = fc.record({ kind: fc.constant('binary' as const), op: fc.constantFrom(...binaryNames), x: ref, y: ref });
/** What a failing program shrinks to comes first, and hardly ever is drawn. */
const simple = fc.oneof(
  { withCrossShrink: true },
  { arbitrary: skip, weight: 1 },
  { arbitrary: unary, weight: 200 },
  { arbitrary: binary, weight: 200 },
);
const bodies = (inner: fc.Arbitrary<Instruction>): fc.Arbitrary<readonly (readonly Instruction[])[]> =>
  fc.array(fc.array(inner, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 2 });
const block = (inner: fc.Arbitrary<Instruction>): fc.Arbitrary<Instruction> =>
  fc.record({
    kind: fc.constant('block' as const),
    op: fc.constantFrom(...blockNames),
    x: ref,
    y: ref,
    trips: fc.nat({ max: 3 }),
    bodies: bodies(inner),
  });
const nested = fc.oneof(
  { withCrossShrink: true },
  { arbitrary: simple, weight: 6 },
  { arbitrary: block(simple), weight: 1 },
);

/** Programs of at least twelve instructions, one of which has blocks. They shrink to shorter ones by skips. */
export const program: fc.Arbitrary<Program> = fc
  .tuple(
    fc.array(nested, { minLength: 7, maxLength: 10 }),
    block(nested),
    fc.array(nested, { minLength: 6, maxLength: 8 }),
  )
  .map(([before, middle, after]) => [...before, middle, ...after]);
