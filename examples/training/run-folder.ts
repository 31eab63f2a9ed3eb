import { appendFile, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { FileError, loadSafetensors, saveBytes, saveSafetensors, saveText } from '../../src/data/index.ts';
import type { Checkpoint } from './checkpoint.ts';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
import { CheckpointError } from './errors.ts';

/** One line of metrics. */
export type Metrics = Readonly<Record<string, string | number | null | readonly number[]>> & {
  readonly step: number;
};

/** The name of the checkpoint in a folder. */
const checkpointFile = 'checkpoint.safetensors';
const metricsFile = 'metrics.jsonl';
const pictureFolder = 'pictures';

const exists = async (path: string): Promise<boolean> => (await stat(path).catch(() => null)) !== null;

/**
 * The checkpoint in the folder of a training of `model`.
 *
 * @throws FileError when there is none, CheckpointError for one of another model or version.
 */
export async function loadCheckpoint(folder: string, model: string): Promise<Checkpoint> {
  const path = join(folder, checkpointFile);
  const checkpoint = decodeCheckpoint(await loadSafetensors(path), path, model);
  if (E.isLeft(checkpoint)) throw checkpoint.left;
  return checkpoint.right;
}

/** Where a training keeps what it makes: `checkpoint.safetensors`, `metrics.jsonl` and `pictures/`. */
export class RunFolder {
  readonly path: string;
  readonly checkpoint: string;
  readonly metrics: string;
  /** Are the files there, if any, of this training? */
  #own = false;

  private constructor(path: string) {
    this.path = path;
    this.checkpoint = join(path, checkpointFile);
    this.metrics = join(path, metricsFile);
  }

  /** Makes the folder if there is none, and makes sure that files can be written there. */
  static async open(path: string): Promise<RunFolder> {
    try {
      await mkdir(path, { recursive: true });
    } catch (cause) {
      throw unwritable(path, cause);
    }
    await checkWritable(join(path, checkpointFile));
    return new RunFolder(path);
  }

  /** Does the folder hold a checkpoint? */
  hasCheckpoint(): Promise<boolean> {
    return exists(this.checkpoint);
  }

  /** The checkpoint to go on from. */
  async load(model: string): Promise<Checkpoint> {
    if (!(await this.hasCheckpoint())) {
      throw new CheckpointError('checkpoint-missing', `there is no ${this.checkpoint} to resume from`);
    }
    return loadCheckpoint(this.path, model);
  }

  /** Replaces the checkpoint. */
  async save(checkpoint: Checkpoint): Promise<void> {
    await this.#setAside();
    await saveSafetensors(this.checkpoint, encodeCheckpoint(checkpoint));
  }

  /** Adds a line to the metrics. */
  async log(metrics: Metrics): Promise<void> {
    await this.#setAside();
    try {
      await appendFile(this.metrics, `${JSON.stringify(metrics)}\n`);
    } catch (cause) {
      throw unwritable(this.metrics, cause);
    }
  }

  /** The lines of metrics so far. */
  async readMetrics(): Promise<readonly Metrics[]> {
    const text = await readFile(this.metrics, 'utf8').catch(() => '');
    return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Metrics]));
  }

  /** Puts the PNG file `name` into `pictures/`. */
  async savePicture(name: string, png: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#setAside();
    await mkdir(join(this.path, pictureFolder), { recursive: true });
    await saveBytes(join(this.path, pictureFolder, `${name}.png`), png);
  }

  /** The training goes on after `step`: lines about later steps, which are not in the checkpoint, are dropped. */
  async resume(step: number): Promise<void> {
    this.#own = true;
    if (!(await exists(this.metrics))) return;
    const lines = (await readFile(this.metrics, 'utf8')).split('\n').filter((line) => stepOf(line) <= step);
    await saveText(this.metrics, lines.map((line) => `${line}\n`).join(''));
  }

  /**
   * Before the first file of a new training is written, an earlier one's are renamed to `previous-…`. That waits until
   * there is something to write: a training that fails before leaves all as it was.
   */
  async #setAside(): Promise<void> {
    if (this.#own) return;
    this.#own = true;
    if (await exists(this.checkpoint)) {
      for (const name of [checkpointFile, metricsFile, pictureFolder]) {
        const path = join(this.path, name);
        const previous = join(this.path, `previous-${name}`);
        await rm(previous, { recursive: true, force: true });
        if (await exists(path)) await rename(path, previous);
      }
    } else {
      await rm(this.metrics, { force: true });
    }
  }
}

/** The step that a line of metrics is about; infinite for a line that was cut off. */
function stepOf(line: string): number {
  try {
    const { step } = JSON.parse(line) as { readonly step?: unknown };
    return typeof step === 'number' ? step : Infinity;
  } catch {
    return Infinity;
  }
}

/** A {@link FileError} unless the file could be made or replaced. Leaves nothing behind. */
export async function checkWritable(path: string): Promise<void> {
  const probe = join(dirname(path), `.probe-${process.pid}.tmp`);
  try {
    if ((await stat(path).catch(() => null))?.isDirectory() === true) throw new Error('it is a folder');
    await (await open(probe, 'wx')).close();
    await rm(probe);
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

const unwritable = (path: string, cause: unknown): FileError =>
  new FileError('file-unwritable', `cannot write ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, {
    cause,
  });
