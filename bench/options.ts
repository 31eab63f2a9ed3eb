import { parseArgs } from 'node:util';
import { peerNames, webgpuPeers } from './libraries.ts';
import type { PeerName } from './libraries.ts';
import type { LibraryOptions } from './peers/library.ts';
import { groups, rows } from './rows/index.ts';

/** What was asked for. */
export interface Options {
  /** Of rows or groups; all when empty. */
  readonly names: readonly string[];
  readonly peers: readonly PeerName[];
  readonly quick: boolean;
  readonly device: LibraryOptions['device'];
  readonly threads: number;
  /** A file for the results; null for a dated one under `bench/results`. */
  readonly json: string | null;
  readonly seconds: number | null;
}

/** A wrong call: one line that says what is wrong. */
export class UsageError extends Error {}

const devices = ['wasm', 'webgpu', 'reference'] as const;

const flags = {
  peers: {
    type: 'string',
    value: 'A,B',
    help: `${peerNames.join(', ')}, or none (default: all that are there; on webgpu those that have it)`,
  },
  quick: { type: 'boolean', value: '', help: 'the short form: a few rows, measured briefly' },
  device: {
    type: 'string',
    value: 'NAME',
    help: `of pullback, on webgpu of jax-js and tfjs too: ${devices.join(', ')} (default ${devices[0]})`,
  },
  threads: { type: 'string', value: 'N', help: 'of every library that has threads (default 2)' },
  seconds: { type: 'string', value: 'X', help: 'of measuring, for each library at each row (default 1.2)' },
  json: { type: 'string', value: 'FILE', help: 'write the results there (default bench/results/<date>.json)' },
  help: { type: 'boolean', value: '', help: 'show this' },
} as const satisfies Record<string, { type: 'string' | 'boolean'; value: string; help: string }>;

/** How to call the benchmark. */
export function usage(): string {
  const lines = Object.entries(flags).map(([flag, { value, help }]) => `  ${`--${flag} ${value}`.padEnd(16)} ${help}`);
  const names = groups.map((g) => `  ${g.padEnd(12)} ${rows.filter((r) => r.group === g).map((r) => r.name).join(' ')}`); // prettier-ignore
  return ['usage: npm run bench -- [names…] [flags]', '', ...lines, '', 'groups and their rows:', ...names].join('\n');
}

/** The arguments of the command, `'help'` if that is what they ask for. Throws a {@link UsageError}. */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const { values, positionals } = parsed(args);
  if (values.help === true) return 'help';
  const known = [...groups, ...rows.map((r) => r.name)];
  const unknown = positionals.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new UsageError(`there is no row ${unknown}; there are: ${known.join(', ')}`);
  const device = devices.find((d) => d === (values.device ?? devices[0]));
  if (device === undefined) throw new UsageError(`there is no device ${String(values.device)}; there are: ${devices.join(', ')}`); // prettier-ignore
  return {
    names: positionals,
    peers: peersOf(values.peers, device),
    quick: values.quick === true,
    device,
    threads: numberOf('threads', values.threads, /^[1-9]\d{0,2}$/) ?? 2,
    json: values.json ?? null,
    seconds: numberOf('seconds', values.seconds, /^\d+(\.\d+)?$/),
  };
}

type Values = { readonly [F in keyof typeof flags]?: ((typeof flags)[F]['type'] extends 'string' ? string : boolean) | undefined }; // prettier-ignore

function parsed(args: readonly string[]): { readonly values: Values; readonly positionals: readonly string[] } {
  try {
    return parseArgs({ args: [...args], options: flags, allowPositionals: true });
  } catch (error) {
    // Node's explanations go on for several sentences; the first says it.
    const [text = ''] = (error instanceof Error ? error.message : String(error)).split(/\.\s|\n/);
    throw new UsageError(`${text} (--help shows the flags)`);
  }
}

function peersOf(text: string | undefined, device: Options['device']): readonly PeerName[] {
  if (text === undefined) return device === 'webgpu' ? webgpuPeers : peerNames;
  if (text === 'none') return [];
  return text.split(',').map((given) => {
    const name = peerNames.find((p) => p === given);
    if (name === undefined) throw new UsageError(`there is no peer ${given}; there are: ${peerNames.join(', ')}`);
    return name;
  });
}

function numberOf(flag: string, text: string | undefined, form: RegExp): number | null {
  if (text === undefined) return null;
  if (!form.test(text) || Number(text) === 0) throw new UsageError(`--${flag} must be a number above 0, not ${text}`);
  return Number(text);
}
