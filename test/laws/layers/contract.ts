import type { nn } from '../../../src/index.ts';

/** What a row of the layers' contract says, and which names the rows must cover. */

type Shape = readonly number[];

/** Shapes by path, such as `[0].kernel`. */
export type ShapesByPath = Readonly<Record<string, Shape>>;

/** A layer, and what it makes of examples of a shape, of its parameters and of its state. */
export interface LayerRow {
  readonly layer: nn.Layer;
  /** The shape of one example. */
  readonly input: Shape;
  /** The shape of one output. */
  readonly output: Shape;
  readonly params: ShapesByPath;
  /** Default: it has no state. One that has some changes it in training. */
  readonly stateful?: ShapesByPath;
  /** Does the state change in evaluation too, as a cache does? Default false. */
  readonly remembers?: boolean;
  /** Does the state never change, as weights that are not trained? Default false. */
  readonly frozen?: boolean;
  /** Does it draw random numbers in training, from the key in the context, and refuse to train without one? */
  readonly needsKey?: boolean;
  /** Does the output for an example depend on the others of the batch, in training? */
  readonly mixesBatch?: boolean;
  /** Inputs are whole numbers from 0, below this one; default floats in [-1, 1). */
  readonly below?: number;
  /** Does a derivative leave a part of the formula out in training, on purpose? Then it is checked in evaluation alone. */
  readonly stopsGradients?: boolean;
  /** What another library computes; see {@link GoldenLayer}. */
  readonly golden?: readonly GoldenName[];
}

/** A case of a golden file, and the class or function of another library that computed it. */
export interface GoldenName {
  /** Of test/golden/data, without `.json`. */
  readonly file: `layers-${string}`;
  readonly name: string;
  readonly source: string;
}

/** Golden cases of one file, by their names and sources. */
export const goldenOf =
  (file: GoldenName['file']) =>
  (source: string, ...names: readonly string[]): readonly GoldenName[] =>
    names.map((name) => ({ file, name, source }));

/** The exports of `nn` that give layers. */
export type LayerName = {
  [K in keyof typeof nn]: (typeof nn)[K] extends (...args: never[]) => nn.Layer ? K : never;
}[keyof typeof nn];

/** Rows of a family, by the exports that they are about. */
export type LayerRows<Name extends LayerName> = Readonly<Record<Name, readonly [LayerRow, ...LayerRow[]]>>;
