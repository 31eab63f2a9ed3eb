import type { ContractKernel } from '../../../kernel/kernel.ts';
import type { ContractSchedule } from '../schedule.ts';
import type { Choice, Tiling, WorkgroupLimits } from './candidates.ts';
import { chosenSchedule, fits } from './candidates.ts';
import { productKey } from './product-key.ts';
import type { TuningStore } from './store.ts';

/** Of what is stored: raised when shaders change so much that old measurements say nothing. */
const version = 2;

/** What a store holds: for each adapter and each key of a product, the choice that won; null is the schedule's own. */
interface Stored {
  readonly version: number;
  readonly adapters: { readonly [adapter: string]: { readonly [key: string]: Choice | null } };
}

/** The choices that measurements have made on one adapter, for the emitter to look up. */
export class Winners {
  readonly #adapter: string;
  readonly #limits: WorkgroupLimits;
  readonly #base: ContractSchedule;
  readonly #store: TuningStore | null;
  readonly #choices = new Map<string, Choice | null>();

  /** `adapter` names the adapter and the schedule that is used for what has no winner. */
  constructor(adapter: string, limits: WorkgroupLimits, base: ContractSchedule, store: TuningStore | null) {
    this.#adapter = adapter;
    this.#limits = limits;
    this.#base = base;
    this.#store = store;
  }

  /** Reads what earlier processes have stored; what can't be used is ignored. */
  async load(): Promise<void> {
    const choices = storedOf(await this.#store?.load()).adapters[this.#adapter] ?? {};
    for (const [key, choice] of Object.entries(choices)) {
      if (choice === null || (isChoice(choice) && fits(choice, this.#limits))) this.#choices.set(key, choice);
    }
  }

  /** The schedule that won for products like this one, or null. */
  scheduleFor(kernel: ContractKernel): ContractSchedule | null {
    if (this.#choices.size === 0) return null;
    const choice = this.#choices.get(productKey(kernel)) ?? null;
    return choice === null ? null : chosenSchedule(this.#base, choice);
  }

  has(key: string): boolean {
    return this.#choices.has(key);
  }

  /** Uses a choice from now on. */
  set(key: string, choice: Choice | null): void {
    this.#choices.set(key, choice);
  }

  /** Stores all choices beside what others have stored meanwhile. Says where, or null where that can't be done. */
  async save(): Promise<string | null> {
    const own = Object.fromEntries(this.#choices);
    try {
      await this.#store?.update((before) => {
        const { adapters } = storedOf(before);
        return { version, adapters: { ...adapters, [this.#adapter]: { ...adapters[this.#adapter], ...own } } };
      });
    } catch {
      return null; // a folder that can't be written, or a page that may not store: the choices hold for this process
    }
    return this.#store?.place ?? null;
  }
}

const isRecord = (x: unknown): x is Readonly<Record<string, unknown>> => typeof x === 'object' && x !== null;

/** What is in a store, if it is of this version. */
function storedOf(x: unknown): Stored {
  if (!isRecord(x) || x['version'] !== version || !isRecord(x['adapters'])) return { version, adapters: {} };
  const adapters = Object.entries(x['adapters']).filter(([, choices]) => isRecord(choices));
  return { version, adapters: Object.fromEntries(adapters) as Stored['adapters'] };
}

const isPair = (x: unknown, multipleOf: number): x is readonly [number, number] =>
  Array.isArray(x) && x.length === 2 && x.every((n) => isCount(n) && n % multipleOf === 0);

const isCount = (x: unknown): x is number => typeof x === 'number' && Number.isInteger(x) && x > 0 && x <= 1024;

function isChoice(x: unknown): x is Choice {
  if (x === 'reduction') return true;
  if (!isRecord(x)) return false;
  const { workgroup, tile, staged, parts = 1 } = x as { readonly [K in keyof Tiling]?: unknown };
  const shared = isCount(parts) && Number.isInteger(Math.log2(parts));
  return isPair(workgroup, 1) && isPair(tile, 4) && (staged === null || isCount(staged)) && shared;
}
