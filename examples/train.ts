/** Trains a model: `npm start`, or `npm run train -- <model> [flags]`; `--help` shows the flags. */
import { models } from './models/index.ts';
import { main } from './training/command.ts';

// A reader that went away, as in `npm start | head`, is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

process.exit(await main(process.argv.slice(2), models));
