import type { Contender, ContenderName } from './libraries.ts';
import { LibraryProcess } from './process.ts';
import type { Answer, Check, Request } from './protocol.ts';
import type { Result, RowResult } from './result.ts';
import { summary } from './result.ts';
import type { Row } from './row.ts';

/** How long things may take. */
export interface Effort {
  /** Of measuring, for each library at each row, in seconds. */
  readonly seconds: number;
  readonly warmUp: number;
  /** The libraries take turns so often, so that a machine that is busy for a while is busy for all of them. */
  readonly rounds: number;
  /** The longest answer that is waited for, in seconds. */
  readonly patience: number;
}

const startPatience = 120;

/** A library that takes part, its process started when it is needed and again when it has died. */
class Seat {
  readonly name: ContenderName;
  private readonly contender: Contender;
  private process: LibraryProcess | null = null;
  /** Why it is not there; null when it is, or when nobody has asked yet. */
  absent: string | null = null;
  version = '';
  /** What it runs on. */
  backend = '';
  /** The run is over: nothing starts any more. */
  private over = false;

  constructor(contender: Contender) {
    this.name = contender.name;
    this.contender = contender;
  }

  private async started(): Promise<LibraryProcess | null> {
    if (this.absent !== null || this.over) return null;
    if (this.process?.alive === true) return this.process;
    const started = new LibraryProcess(this.contender);
    this.process = started;
    const greeting = await started.greeting(startPatience);
    if ('absent' in greeting) {
      if (this.stillWanted) this.absent = greeting.absent === '' ? 'it does not start' : greeting.absent;
      return null;
    }
    this.backend = greeting.backend;
    this.version = `${greeting.version} on ${greeting.backend}, ${greeting.threads} thread${greeting.threads === 1 ? '' : 's'}`;
    return started;
  }

  async ask(request: Request, patience: number): Promise<Answer> {
    const process = await this.started();
    return process === null ? { skip: this.absent ?? '' } : process.ask(request, patience);
  }

  /** Asked again, as the run may end while a process starts. */
  private get stillWanted(): boolean {
    return !this.over;
  }

  async close(): Promise<void> {
    await this.process?.close();
    this.process = null;
  }

  end(): Promise<void> {
    this.over = true;
    return this.close();
  }
}

/** All libraries of a run. */
export class Seats {
  private readonly seats: ReadonlyMap<ContenderName, Seat>;

  constructor(contenders: readonly Contender[]) {
    this.seats = new Map(contenders.map((c) => [c.name, new Seat(c)]));
  }

  of(names: readonly ContenderName[]): readonly Seat[] {
    return names.flatMap((name) => this.seats.get(name) ?? []);
  }

  /** Versions of who took part, and who is not there. */
  get roll(): Readonly<
    Record<string, { readonly version: string; readonly backend: string } | { readonly absent: string }>
  > {
    const known = [...this.seats.values()].filter((s) => s.absent !== null || s.version !== '');
    return Object.fromEntries(
      known.map(({ name, absent, version, backend }) => [name, absent === null ? { version, backend } : { absent }]),
    );
  }

  /** Ends all processes, whatever they are doing. */
  async end(): Promise<void> {
    await Promise.all([...this.seats.values()].map((s) => s.end()));
  }
}

/** Who does a row: all libraries, and who else it names. */
const contendersOf = (row: Row, libraries: readonly ContenderName[]): readonly ContenderName[] =>
  row.task.kind === 'memory' ? ['pullback'] : [...libraries, ...(row.also ?? [])];

type Watch = (name: ContenderName) => void;

/** Measures a row with each library in turn. */
export async function measureRow(
  row: Row,
  seats: Seats,
  libraries: readonly ContenderName[],
  effort: Effort,
  watch: Watch,
): Promise<RowResult> {
  const taking = seats.of(contendersOf(row, libraries));
  const results: Partial<Record<ContenderName, Result>> = {};
  if (row.once === undefined) await inTurns(row, taking, effort, watch, results);
  else {
    for (const seat of taking) {
      watch(seat.name);
      results[seat.name] = await onceEach(row, seat, effort);
    }
  }
  return { row, results };
}

async function inTurns(
  row: Row,
  taking: readonly Seat[],
  effort: Effort,
  watch: Watch,
  results: Partial<Record<ContenderName, Result>>,
): Promise<void> {
  const { seconds, warmUp, rounds, patience } = effort;
  const ready: { readonly seat: Seat; readonly times: number[]; readonly check: Check }[] = [];
  for (const seat of taking) {
    watch(seat.name);
    const prepared = await seat.ask({ ask: 'prepare', task: row.task }, patience);
    const check = 'done' in prepared ? await seat.ask({ ask: 'check' }, patience) : prepared;
    if ('check' in check) ready.push({ seat, times: [], check });
    else results[seat.name] = refused(check);
  }
  for (let round = 0; round < rounds; round++) {
    for (const { seat, times } of ready) {
      if (results[seat.name] !== undefined) continue;
      watch(seat.name);
      const request = { ask: 'measure', seconds: seconds / rounds, warmUp: round === 0 ? warmUp : 0 } as const;
      const answer = await seat.ask(request, patience);
      if ('times' in answer) times.push(...answer.times);
      else results[seat.name] = refused(answer);
    }
  }
  for (const { seat, times, check } of ready) {
    results[seat.name] ??= { ...summary(times), check };
    await seat.ask({ ask: 'release' }, patience);
  }
}

/** As many new processes as rounds, each of which runs once. */
async function onceEach(row: Row, seat: Seat, effort: Effort): Promise<Result> {
  const values: number[] = [];
  const rounds = row.once === 'megabytes' ? 1 : effort.rounds;
  for (let round = 0; round < rounds; round++) {
    await seat.close();
    const prepared = await seat.ask({ ask: 'prepare', task: row.task }, effort.patience);
    const answer = 'done' in prepared ? await seat.ask({ ask: 'once' }, 8 * effort.patience) : prepared;
    if (!('megabytes' in answer)) return refused(answer);
    values.push(row.once === 'megabytes' ? answer.megabytes : answer.time);
  }
  await seat.close();
  return { ...summary(values), check: { check: [], scale: 0 } };
}

function refused(answer: Answer): Result {
  if ('skip' in answer) return { skip: answer.skip };
  return { error: 'error' in answer ? answer.error : `an answer to something else: ${JSON.stringify(answer)}` };
}
