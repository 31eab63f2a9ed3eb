import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { NDArray } from '../../src/index.ts';
import { hostArray } from '../../src/kernel/dtype.ts';
import type { DType, HostArray } from '../../src/kernel/dtype.ts';
import { product } from '../../src/util/array.ts';

/** XLA in a Python process: modules and arrays go there, results come back. */

/** An array as XLA computed it. */
export interface XlaArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: HostArray;
}

interface Encoded {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: string;
}

type Answer = { readonly id: number } & ({ readonly outputs: readonly Encoded[] } | { readonly error: string });

const encode = (x: NDArray): Encoded => {
  const { buffer, byteOffset, byteLength } = x.dataSync();
  return { dtype: x.dtype, shape: x.shape, data: Buffer.from(buffer, byteOffset, byteLength).toString('base64') };
};

function decode({ dtype, shape, data }: Encoded): XlaArray {
  const elements = hostArray[dtype](product(shape));
  new Uint8Array(elements.buffer).set(Buffer.from(data, 'base64'));
  return { dtype, shape, data: elements };
}

/** A Python process that runs modules under XLA. */
export class Xla {
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private next = 0;

  constructor(python: string) {
    const script = new URL('./run.py', import.meta.url).pathname;
    this.child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'ignore'] });
    createInterface({ input: this.child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      const answer = JSON.parse(line) as Answer;
      this.waiting.get(answer.id)?.(answer);
      this.waiting.delete(answer.id);
    });
    this.child.on('exit', (code) => {
      for (const [id, answer] of this.waiting) answer({ id, error: `Python ended with ${code}` });
    });
  }

  /** Runs a module's `main`. */
  async run(text: string, inputs: readonly NDArray[]): Promise<readonly XlaArray[]> {
    const id = this.next++;
    const answer = await new Promise<Answer>((resolve) => {
      this.waiting.set(id, resolve);
      this.child.stdin?.write(`${JSON.stringify({ id, text, inputs: inputs.map(encode) })}\n`);
    });
    if ('error' in answer) throw new Error(answer.error);
    return answer.outputs.map(decode);
  }

  close(): void {
    this.child.stdin?.end();
  }
}
