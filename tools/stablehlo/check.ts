import { execFileSync } from 'node:child_process';
import { jit } from '../../src/index.ts';
import type { NDArray } from '../../src/index.ts';
import { largestOf, programsOf } from '../../test/golden/calls.ts';
import type { CaseProgram } from '../../test/golden/calls.ts';
import { functionOf } from '../../test/golden/functions.ts';
import { casesByFunction, GoldenArray, goldenFiles } from '../../test/golden/read.ts';
import type { Close } from '../../test/golden/tolerance.ts';
import { closenessOf, terms, withinTolerance } from '../../test/golden/tolerance.ts';
import { primitivePrograms } from './cases.ts';
import { trainingPrograms } from './training.ts';
import type { XlaArray } from './xla.ts';
import { Xla } from './xla.ts';

/**
 * Every golden case under XLA: values, gradients, tangents and batches are exported as StableHLO, compiled and run by XLA on
 * the CPU, and compared with our own results within the tolerances of the golden tests; and so is every layer, optimizer
 * and schedule, and every case of the laws of primitives.
 *
 *   XLA_PYTHON=python3 npm run test:xla [-- PATTERN]
 *
 * XLA_PYTHON names a Python that has jax (tools/stablehlo/requirements.txt). Without it nothing is done. PATTERN restricts
 * the check to what has it in its title: the file and the function, or `primitives` and the primitive.
 */

/** At most so many programs are at XLA at a time. */
const ahead = 8;

/** How one array differs from what it should be; null if it does not. */
function difference(found: XlaArray | undefined, wanted: NDArray, close: Close, { what }: CaseProgram): string | null {
  const type = (x: { readonly dtype: string; readonly shape: readonly number[] }): string =>
    `${x.dtype}[${x.shape.join()}]`;
  if (found === undefined || type(found) !== type(wanted)) return `${found === undefined ? 'nothing' : type(found)}, not ${type(wanted)}`; // prettier-ignore
  const data = wanted.dataSync();
  const largest = largestOf(new GoldenArray(wanted.dtype, wanted.shape, data));
  const kind = what === 'vjp' || what === 'jvp' ? 'derivative' : 'value';
  const context = { dtype: wanted.dtype, kind, largest } as const;
  const bad = Array.from(found.data).findIndex((a, i) => !close(a, data[i] as number, context));
  return bad < 0 ? null : `element ${bad} is ${found.data[bad]}, not ${data[bad]}`;
}

/** What is wrong with a program under XLA; null if nothing is. */
async function problemOf(xla: Xla, program: CaseProgram, close: Close): Promise<string | null> {
  const compiled = jit(program.run);
  try {
    const text = compiled.lower(...program.inputs).text('stablehlo');
    const found = await xla.run(text, program.inputs);
    const wanted = compiled(...program.inputs);
    if (found.length !== wanted.length) return `${found.length} results, not ${wanted.length}`;
    const differences = wanted.map((w, i) => difference(found[i], w, close, program));
    return differences.find((d) => d !== null) ?? null;
  } catch (error) {
    return error instanceof Error ? error.message.slice(0, 500) : String(error);
  }
}

interface Job {
  readonly title: string;
  readonly program: CaseProgram;
  readonly close: Close;
}

function* goldenJobs(pattern: string): Generator<Job> {
  for (const file of goldenFiles) {
    for (const [name, cases] of casesByFunction(file)) {
      const f = functionOf(name);
      if (f === null || !`${file} ${name}`.includes(pattern)) continue;
      for (const [i, c] of cases.entries()) {
        for (const program of programsOf(c, f)) {
          yield { title: `${file} ${name} ${i} ${program.what}`, program, close: closenessOf(file, name) };
        }
      }
    }
  }
}

/** Golden cases, what training is made of, and the cases of the laws of primitives. */
function* allJobs(pattern: string): Generator<Job> {
  yield* goldenJobs(pattern);
  for (const job of trainingPrograms()) if (job.title.includes(pattern)) yield job;
  for (const { title, program } of primitivePrograms()) {
    if (title.includes(pattern)) yield { title, program, close: withinTolerance(terms) };
  }
}

async function main(python: string, pattern: string): Promise<number> {
  const xla = new Xla(python);
  const counts = { right: 0, wrong: 0 };
  const queue = allJobs(pattern);
  const work = async (): Promise<void> => {
    for (const { title, program, close } of queue) {
      const problem = await problemOf(xla, program, close);
      counts[problem === null ? 'right' : 'wrong'] += 1;
      if (problem !== null) console.log(`${title}: ${problem}`);
    }
  };
  await Promise.all(Array.from({ length: ahead }, work));
  xla.close();
  console.log(`${counts.right} of ${counts.right + counts.wrong} programs give our results under XLA`);
  return counts.wrong === 0 && counts.right > 0 ? 0 : 1;
}

/** The Python to use, or null where there is none with jax. */
function pythonWithJax(): string | null {
  const python = process.env['XLA_PYTHON'];
  if (python === undefined || python === '') return null;
  execFileSync(python, ['-c', 'import jax'], { stdio: 'inherit' });
  return python;
}

const python = pythonWithJax();
if (python === null) console.log('XLA_PYTHON names no Python with jax: nothing is checked under XLA');
else process.exitCode = await main(python, process.argv[2] ?? '');
