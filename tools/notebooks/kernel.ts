import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Dealer, Subscriber } from 'zeromq';
import type { Output } from './notebook.ts';
import { outputOf } from './outputs.ts';
import type { KernelProcess } from './process.ts';
import { startProcess } from './process.ts';
import type { Message, Session } from './wire.ts';
import { decode, encode, newSession } from './wire.ts';

/** How long each thing may take, in seconds. */
const limits = { start: 60, drain: 20 };
const attempts = 3;

/** What came of a cell. */
export interface Execution {
  readonly outputs: readonly Output[];
  /** Did the kernel report an error? */
  readonly failed: boolean;
}

/** A running kernel. */
export interface Kernel {
  /** Runs a cell; rejects when it takes longer than `seconds`, or the kernel ends. */
  readonly execute: (code: string, seconds: number) => Promise<Execution>;
  readonly close: () => Promise<void>;
}

/** Starts a kernel in a folder. Another process may take a port that was free: then once more. */
export async function startKernel(folder: string): Promise<Kernel> {
  for (let attempt = 1; ; attempt++) {
    const session = newSession();
    const child = await startProcess(folder, session.key);
    const kernel = connect(child, session);
    try {
      await kernel.ready();
      return kernel;
    } catch (error) {
      await kernel.close();
      if (attempt === attempts) throw error;
    }
  }
}

/**
 * Deno says that it is idle before it has sent everything. The value of a cell is sent when it has been formatted, which may take
 * a while; whatever is sent goes by the name of the cell that runs by then. So a cell of our own follows each: it waits for the
 * value, then prints a mark. What comes before the mark belongs to the cell before. The first cell of all sees to it that there
 * is something to wait for.
 */
const firstCell = `{
  const jupyter = Deno[Deno.internal].jupyter;
  const send = jupyter.broadcastResult;
  jupyter.broadcastResult = (...args) => (globalThis[Symbol.for('notebooks.sent')] = send(...args));
}`;

const markCell = (mark: string): string =>
  `await globalThis[Symbol.for('notebooks.sent')]; console.log('${mark}'); console.error('${mark}');`;

const add = (outputs: Output[], message: Message): void => {
  const output = outputOf(message);
  if (output !== null) outputs.push(output);
};

function connect(child: KernelProcess, session: Session): Kernel & { readonly ready: () => Promise<void> } {
  const shell = new Dealer({ linger: 0, routingId: session.id });
  const iopub = new Subscriber({ linger: 0 });
  shell.connect(`tcp://127.0.0.1:${child.ports.shell}`);
  iopub.connect(`tcp://127.0.0.1:${child.ports.iopub}`);
  iopub.subscribe();

  /** Who is told of the messages that belong to a request. */
  const listeners = new Map<string, (message: Message) => void>();
  let heard = false;
  const listen = async (socket: Dealer | Subscriber): Promise<void> => {
    for await (const frames of socket) {
      const message = decode(session, frames);
      if (message === null) continue;
      heard ||= socket === iopub;
      listeners.get(message.parent)?.(message);
    }
  };
  // They end when the sockets are closed.
  void listen(shell).catch(() => undefined);
  void listen(iopub).catch(() => undefined);

  const send = (type: string, content: object, id: string = randomUUID()): Promise<void> =>
    shell.send([...encode(session, type, id, content)]);

  /** Waits until something is so; what the kernel says may make it so, or its end prevent it. */
  const until = async (isSo: () => boolean, seconds: number, what: string): Promise<void> => {
    const end = Date.now() + 1000 * seconds;
    for (let pause = 1; !isSo(); pause = Math.min(50, pause * 2)) {
      const gone = child.gone();
      if (gone !== null) throw new Error(gone);
      if (Date.now() > end) throw new Error(`${what} took longer than ${seconds} s`);
      await sleep(pause);
    }
  };

  const request = async (code: string, seconds: number, what: string, tell: (m: Message) => void) => {
    const id = randomUUID();
    let [replied, idle] = [false, false];
    let status = '';
    listeners.set(id, (message) => {
      if (message.type === 'execute_reply') [replied, status] = [true, String(message.content.status)];
      else if (message.type === 'status') idle ||= message.content.execution_state === 'idle';
      else tell(message);
    });
    const content = {
      code,
      silent: false,
      store_history: true,
      user_expressions: {},
      allow_stdin: false,
      stop_on_error: true,
    };
    await send('execute_request', content, id);
    await until(() => replied && idle, seconds, what);
    return status;
  };

  /** Waits for the outputs of a cell that has run: see {@link markCell}. What comes before the mark is the cell's. */
  const drain = async (outputs: Output[]): Promise<void> => {
    const mark = `end of outputs ${randomUUID()}`;
    const streams = { stdout: '', stderr: '' };
    const complete = (): boolean => Object.values(streams).every((s) => s.includes(mark));
    await request(markCell(mark), limits.drain, 'the end of a cell', (message) => {
      if (message.type === 'stream')
        streams[message.content.name as keyof typeof streams] += String(message.content.text);
      else add(outputs, message);
    });
    await until(complete, limits.drain, 'what the kernel prints');
    for (const [name, all] of Object.entries(streams)) {
      const before = all.slice(0, all.indexOf(mark));
      if (before !== '') outputs.push({ output_type: 'stream', name, text: before });
    }
  };

  return {
    ready: async () => {
      const started = (async () => {
        while (!heard && child.gone() === null) {
          await send('kernel_info_request', {});
          await sleep(100);
        }
      })();
      started.catch(() => undefined);
      await until(() => heard, limits.start, 'the start of the kernel');
      await request(firstCell, limits.start, 'the first cell', () => undefined);
    },
    execute: async (code, seconds) => {
      const outputs: Output[] = [];
      const status = await request(code, seconds, 'the cell', (message) => add(outputs, message));
      await drain(outputs);
      return { outputs, failed: status === 'error' || outputs.some((o) => o.output_type === 'error') };
    },
    close: async () => {
      await child.end();
      shell.close();
      iopub.close();
    },
  };
}
