import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { Result, Suite } from './frame.ts';
import { measure, table } from './frame.ts';

/**
 * `npm run bench -- overhead …` runs suites by name (all when none is given), prints their tables and writes
 * `bench/results/<suite>.json`. The peers are installed at the first run.
 */
const suites: Readonly<Record<string, () => Promise<{ readonly suite: Suite }>>> = {
  overhead: () => import('./overhead.ts'),
};

const folder = import.meta.dirname;

function installPeers(): void {
  if (existsSync(join(folder, 'node_modules'))) return;
  execFileSync('npm', ['ci', '--prefix', folder], { stdio: 'inherit' });
}

async function main(names: readonly string[]): Promise<void> {
  const wanted = names.length === 0 ? Object.keys(suites) : names;
  const unknown = wanted.find((n) => suites[n] === undefined);
  if (unknown !== undefined) {
    throw new Error(`there is no suite "${unknown}"; there are: ${Object.keys(suites).join(', ')}`);
  }
  installPeers();
  for (const name of wanted) {
    const { suite } = await (suites[name] as () => Promise<{ readonly suite: Suite }>)();
    const results: Result[] = [];
    for (const benchmark of suite.benchmarks) results.push(await measure(benchmark));
    console.log(`${table(results)}\n`);
    mkdirSync(join(folder, 'results'), { recursive: true });
    const machine = { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length };
    const report = { suite: name, date: new Date().toISOString(), machine, results };
    writeFileSync(join(folder, 'results', `${name}.json`), `${JSON.stringify(report, null, 2)}\n`);
  }
}

await main(process.argv.slice(2));
