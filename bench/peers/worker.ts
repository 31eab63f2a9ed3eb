import { createInterface } from 'node:readline';
import type { Answer, Greeting, Request } from '../protocol.ts';
import type { Library, LibraryOptions, Prepared } from './library.ts';
import { prepare } from './library.ts';
import { measure, once } from './timing.ts';

/** A library in a process of its own: `worker.ts <library> <options as JSON>`. */
const libraries: Readonly<Record<string, () => Promise<{ readonly start: (o: LibraryOptions) => Promise<Library> }>>> =
  {
    pullback: () => import('./pullback.ts'),
    'jax-js': () => import('./jax-js.ts'),
    tfjs: () => import('./tfjs.ts'),
    node: () => import('./node.ts'),
  };

// What libraries print is not of the protocol.
console.log = console.error;
console.info = console.error;

const say = (answer: Answer | Greeting): void => void process.stdout.write(`${JSON.stringify(answer)}\n`);
const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? ''; // prettier-ignore

/** Answers requests about one task after the other. */
class Session {
  private prepared: Prepared | null = null;
  private readonly library: Library;

  constructor(library: Library) {
    this.library = library;
  }

  async answer(request: Request): Promise<Answer> {
    if (request.ask === 'prepare') {
      this.release();
      const made = await prepare(this.library, request.task);
      if (typeof made === 'string') return { skip: made };
      this.prepared = made;
      return { done: true };
    }
    if (request.ask === 'release') {
      this.release();
      return { done: true };
    }
    if (this.prepared === null) return { error: 'nothing is prepared' };
    if (request.ask === 'check') return this.prepared.check();
    return request.ask === 'once' ? once(this.prepared) : measure(this.prepared, request);
  }

  private release(): void {
    this.prepared?.release();
    this.prepared = null;
  }
}

async function serve([name = '', options = '{}']: readonly string[]): Promise<void> {
  let library: Library;
  try {
    const load = libraries[name];
    if (load === undefined) throw new Error(`there is no library ${name}`);
    library = await (await load()).start(JSON.parse(options) as LibraryOptions);
  } catch (error) {
    say({ absent: textOf(error) });
    return;
  }
  const session = new Session(library);
  say({ library: name, version: library.version, backend: library.backend, threads: library.threads });
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      say(await session.answer(JSON.parse(line) as Request));
    } catch (error) {
      say({ error: textOf(error) });
    }
  }
}

await serve(process.argv.slice(2));
process.exit();
