/**
 * What is timed, as data: every library, in whichever language, knows a task by its kind and its numbers, makes the same
 * inputs (`inputs.ts`) and is asked to do the same work. All arrays are f32 unless said otherwise.
 */
export type Task =
  /** `[m, k] @ [k, n]`. */
  | { readonly kind: 'matmul'; readonly m: number; readonly k: number; readonly n: number }
  /**
   * Of images `[batch, size, size, channels]` with a kernel `[3, 3, channels, features]`, without padding: the
   * convolution or its gradient by either operand. Libraries use the layout that they are made for.
   */
  | {
      readonly kind: 'conv';
      readonly which: 'forward' | 'input' | 'kernel';
      readonly batch: number;
      readonly size: number;
      readonly channels: number;
      readonly features: number;
    }
  | { readonly kind: 'softmax'; readonly shape: Shape; readonly axis: number }
  /** Over one axis, or over all of them. */
  | { readonly kind: 'reduce'; readonly op: 'sum' | 'max'; readonly shape: Shape; readonly axis: number | null }
  /** Of vectors x and y: see `chains`. */
  | { readonly kind: 'elementwise'; readonly chain: Chain; readonly length: number }
  | { readonly kind: 'transpose'; readonly shape: Shape; readonly axes: Shape }
  /** Along the last axis. */
  | { readonly kind: 'sort'; readonly shape: Shape }
  /** `count` rows of a table `[rows, width]`, by random i32 positions. */
  | { readonly kind: 'gather'; readonly rows: number; readonly width: number; readonly count: number }
  /** Adds `[count, width]` to rows of a table `[rows, width]`, at random i32 positions. */
  | { readonly kind: 'scatter'; readonly rows: number; readonly width: number; readonly count: number }
  | { readonly kind: 'random'; readonly what: 'bits' | 'normal'; readonly length: number }
  /** A compiled function of a scalar, called again and again. */
  | { readonly kind: 'dispatch' }
  /** A compiled function of a tree of 20 small arrays, which gives 1 or 20 results. */
  | { readonly kind: 'cache-hit'; readonly results: 1 | 20 }
  /** Tracing the gradient of the CNN's loss. */
  | { readonly kind: 'trace' }
  /** A training step, from parameters and optimizer state to the next ones and the loss. */
  | { readonly kind: 'model'; readonly model: ModelName; readonly batch: number }
  /** Copies a vector, as plainly as the language can. */
  | { readonly kind: 'copy'; readonly length: number }
  /** Loops that keep nothing, written as a newcomer writes them. */
  | { readonly kind: 'memory'; readonly loop: 'eager' | 'jitted'; readonly times: number };

export type TaskKind = Task['kind'];
export type TaskOf<K extends TaskKind> = Extract<Task, { readonly kind: K }>;
export type Shape = readonly number[];

/** `add`: x + y · `polynomial`: max((2x + 1)·x − 0.5, 0) · `gelu`: x/2 · (1 + tanh(√(2/π) · (x + 0.044715·x³))). */
export type Chain = 'add' | 'polynomial' | 'gelu';

/**
 * `cnn`: conv 3×3×32, relu, max-pool 2, conv 3×3×64, relu, max-pool 2, dense 64, relu, dense 10, cross entropy ·
 * `autoencoder`: 784-64-784, relu and sigmoid, mean squared error ·
 * `rnn`: 28 rows of 28 numbers → 128 tanh → 10, cross entropy. All with Adam.
 */
export type ModelName = 'cnn' | 'autoencoder' | 'rnn';

/** Adam's numbers, of all libraries. */
export const adam = { learningRate: 1e-3, b1: 0.9, b2: 0.999, eps: 1e-8 } as const;

/** How often a `dispatch` or `cache-hit` is called between two looks at the clock. */
export const callsAtOnce = 200;
