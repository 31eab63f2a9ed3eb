/** Writes a training for many devices: `npm run export -- <model> --out DIR --mesh data=8`; `--help` shows the flags. */
import { main } from './export/command.ts';
import { models } from './models/index.ts';

process.exit(await main(process.argv.slice(2), models));
