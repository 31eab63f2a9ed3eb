/** Trains a model: `npm start`, or `npm run train -- <model> [flags]`; `--help` shows the flags. */
import { models } from './models/index.ts';
import { main } from './training/command.ts';

// A reader or terminal that went away, as in `npm start | head`, is no error of ours: the training goes on and saves.
process.stdout.on('error', () => undefined);

process.exit(await main(process.argv.slice(2), models));
