import { PullbackError } from '../../../src/index.ts';
import type { Report, Request } from './messages.ts';
import { Session } from './session.ts';

/**
 * The worker that trains. A step keeps the thread that it runs on busy, compiling even for seconds: in the page itself nothing
 * could be scrolled or drawn meanwhile. One worker trains one model; another model gets another worker, and all that this one
 * held goes with it.
 */

const report = (message: Report): void => {
  postMessage(message);
};

/** An error in words. Those of pullback say what to do. */
const words = (error: unknown): string =>
  error instanceof PullbackError || error instanceof Error ? error.message : String(error);

const session = new Session(report);

addEventListener('message', ({ data }: MessageEvent<Request>) => {
  session.receive(data).catch((error: unknown) => {
    report({ kind: 'failed', text: words(error) });
  });
});
