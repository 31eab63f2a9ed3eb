/**
 * Where the user's program asked for something: for error messages, leak reports and printed programs.
 *
 * An origin is noted at every operation of a traced function, so making one must cost little: the engine keeps frames,
 * and they become text only when somebody asks.
 */
export class Origin {
  /** The named scopes around it, outermost first: `encoder/attention`; empty outside of any. */
  readonly scope: string;
  /** Of each loop around it that runs as a plain one, outermost first, the iteration. */
  readonly iterations: readonly number[];
  /** Was it `where` or `select`, called by the user's own code? Noted where somebody asks for it: see {@link asChoice}. */
  readonly isChoice: boolean;
  private readonly made: { readonly stack?: string };

  constructor(
    scope: string,
    made: { readonly stack?: string },
    { iterations, isChoice }: Pick<Origin, 'iterations' | 'isChoice'> = nowhere,
  ) {
    this.scope = scope;
    this.made = made;
    this.iterations = iterations;
    this.isChoice = isChoice;
  }

  /** The first frame outside of pullback: `at loss (/home/me/train.ts:12:9)`; null where the engine does not say. */
  line(): string | null {
    return userFrame(this.made.stack ?? '')?.text ?? null;
  }

  /** The same as a choice, if it was noted in a function that the user's own code called. */
  asChoice(): Origin {
    const frame = userFrame(this.made.stack ?? '');
    // Where frames can't be left out, those from that function on come first.
    const most = typeof Error.captureStackTrace === 'function' ? 0 : 3;
    const isChoice = frame !== null && frame.within <= most;
    return new Origin(this.scope, this.made, { iterations: this.iterations, isChoice });
  }

  /** The same inside of another scope. */
  within(outer: string): Origin {
    return new Origin(joinScopes(outer, this.scope), this.made, this);
  }

  /** The same with its line as text. Frames keep functions, and what those close over, alive; text does not. */
  settled(): Origin {
    const line = this.line();
    return new Origin(this.scope, line === null ? {} : { stack: `\n    ${line}` }, this);
  }
}

/** In no loop, and no choice. */
const nowhere = { iterations: [], isChoice: false } as const;

// What is being done on whose behalf; only `withOrigin`, `withScope` and `inIteration` change these cells.
let current: Origin | null = null;
let scopes = '';
let iterations: readonly number[] = [];

/** The origin of what is being done now; null while the user's code itself runs. */
export const currentOrigin = (): Origin | null => current;

/** Runs `body` on behalf of `origin`, then restores what was before. Null: the user's code itself runs. */
export function withOrigin<T>(origin: Origin | null, body: () => T): T {
  const before = current;
  current = origin;
  try {
    return body();
  } finally {
    current = before;
  }
}

/** Runs `body` inside one more named scope. */
export function withScope<T>(name: string, body: () => T): T {
  const before = scopes;
  scopes = joinScopes(currentScope(), name);
  try {
    return body();
  } finally {
    scopes = before;
  }
}

/** Runs `body` outside of all named scopes: a function that is compiled once may be called in many. */
export function withoutScopes<T>(body: () => T): T {
  const before = scopes;
  scopes = '';
  try {
    return withOrigin(null, body);
  } finally {
    scopes = before;
  }
}

/** Runs `body` as iteration `n` of one more loop. */
export function inIteration<T>(n: number, body: () => T): T {
  const before = iterations;
  iterations = [...before, n];
  try {
    return body();
  } finally {
    iterations = before;
  }
}

/** The iteration of each loop that runs at this moment, outermost first. */
export const currentIterations = (): readonly number[] => iterations;

/** The origin of an equation in a function that is called by an equation of origin `outer`. */
export function nestedOrigin(outer: Origin | undefined, inner: Origin | undefined): Origin | undefined {
  if (outer === undefined || outer.scope === '') return inner;
  return inner === undefined ? outer : inner.within(outer.scope);
}

/** The named scopes at this moment. */
export const currentScope = (): string => current?.scope ?? scopes;

/** `a` around `b`. */
export const joinScopes = (a: string, b: string): string => (a === '' ? b : b === '' ? a : `${a}/${b}`);

/** Frames from an operation through our own functions to the user's: mostly enough, as each costs time. */
const framesDeep = 16;
/** Surely enough, for errors. */
const allFrames = 64;

/** Notes the place that called `inside`, whose own frames are left out. */
export function captureOrigin(inside: (...args: never[]) => unknown, frames = framesDeep): Origin {
  const made: { stack?: string } = {};
  if (typeof Error.captureStackTrace === 'function') {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = frames;
    Error.captureStackTrace(made, inside);
    Error.stackTraceLimit = limit;
  } else {
    made.stack = new Error().stack ?? '';
  }
  return new Origin(currentScope(), made, { iterations, isChoice: false });
}

/** Runs `body`, which is what `inside` does, noting that it is a choice of the user's if the user's own code called `inside`. */
export const asChoice = <T>(inside: (...args: never[]) => unknown, body: () => T): T =>
  current === null ? withOrigin(captureOrigin(inside).asChoice(), body) : body();

/**
 * What a program that outlives its tracing keeps of the origin of what is being done: the scope, and the line as text if
 * `withLine` asks for it; null when there is nothing to keep.
 */
export function lastingOrigin(withLine: boolean): Origin | null {
  if (withLine) return (current ?? captureOrigin(lastingOrigin)).settled();
  const scope = currentScope();
  return scope === '' ? null : new Origin(scope, {});
}

/** The user's line of what is being done now. */
export const userLine = (): string | null => current?.line() ?? captureOrigin(userLine, allFrames).line();

/** Runs `body`, which does many operations for the user's code, on behalf of whoever called `inside`. */
export const onBehalf = <T>(inside: (...args: never[]) => unknown, body: () => T): T =>
  current === null ? withOrigin(captureOrigin(inside), body) : body();

/**
 * What stacks call our own files. This one says where they are: in src/ as well as dist/ beside it, since source maps lead from the
 * latter to the former; or in the folder of Vite's prepared packages; or, in a bundle with the user's code, in the one file. Empty
 * where the module system does not say.
 */
const own = ((url: string | undefined): readonly string[] => {
  const place = (url ?? '').replace(/^file:\/\//, '').replace(/^\/(?=[A-Za-z]:)/, '');
  const root = /^(.*\/)(?:src|dist)\/util\/origin\.\w+$/.exec(place)?.[1];
  const prepared = /^.*\/\.vite\/deps\//.exec(place)?.[0];
  const mine = root === undefined ? [prepared ?? place] : [`${root}src/`, `${root}dist/`];
  return mine.filter((o) => o !== '').flatMap((o) => [o, decodeURI(o)]);
})(import.meta.url);

/** The first frame of a stack that is neither pullback's own nor the engine's, and how many of pullback's own are before it. */
function userFrame(stack: string): { readonly text: string; readonly within: number } | null {
  let within = 0;
  for (const line of stack.split('\n')) {
    const frame = /^\s*at (?:(.*) \()?(.*:\d+:\d+)\)?$/.exec(line) ?? /^(.*)@(.*:\d+:\d+)$/.exec(line);
    if (frame === null) continue;
    const place = (frame[2] as string).replaceAll('\\', '/');
    if (place.startsWith('node:') || place.includes('<anonymous>')) continue;
    if (own.some((o) => place.includes(o))) {
      within += 1;
      continue;
    }
    const shown = place.replace(/^file:\/\//, '');
    return { text: frame[1] === undefined || frame[1] === '' ? `at ${shown}` : `at ${frame[1]} (${shown})`, within };
  }
  return null;
}
