import { describe, expect, test } from 'vitest';
import { createReferenceDevice } from '../../../src/backends/reference/device.ts';
import { Executables } from '../../../src/compiler/executables.ts';
import type { Executable } from '../../../src/kernel/device.ts';
import type { Jaxpr } from '../../../src/trace/jaxpr.ts';

const device = createReferenceDevice();
const jaxpr = (): Jaxpr => ({ constants: [], inputs: [], equations: [], outputs: [] });

function counted(): { readonly make: () => Executable; readonly made: string[]; readonly freed: string[] } {
  const [made, freed]: [string[], string[]] = [[], []];
  const make = (): Executable => {
    const name = `#${made.length}`;
    made.push(name);
    return { compiling: [], timed: null, run: () => [], text: () => name, free: () => void freed.push(name) };
  };
  return { make, made, freed };
}

describe('executables that are remembered', () => {
  test('one for each Jaxpr, device and key', () => {
    const { make, made } = counted();
    const cache = new Executables(10);
    const [a, b] = [jaxpr(), jaxpr()];
    const first = cache.get(a, device, '', make);
    expect(cache.get(a, device, '', make)).toBe(first);
    cache.get(a, device, '10', make);
    cache.get(b, device, '', make);
    cache.get(a, createReferenceDevice(), '', make);
    expect(made.length).toBe(4);
    expect(cache.size).toBe(4);
  });

  test('the least recently used one is freed when there are too many, and made again when needed', () => {
    const { make, made, freed } = counted();
    const cache = new Executables(2);
    const [a, b, c] = [jaxpr(), jaxpr(), jaxpr()];
    cache.get(a, device, '', make);
    cache.get(b, device, '', make);
    cache.get(a, device, '', make);
    cache.get(c, device, '', make);
    expect(freed).toEqual(['#1']);
    expect(cache.get(a, device, '', make).text()).toBe('#0');
    expect(cache.get(b, device, '', make).text()).toBe('#3');
    expect(freed).toEqual(['#1', '#2']);
    expect(made.length).toBe(4);
  });

  test('clear frees all', () => {
    const { make, freed } = counted();
    const cache = new Executables(3);
    const a = jaxpr();
    cache.get(a, device, '', make);
    cache.get(a, device, '1', make);
    cache.clear();
    expect(freed).toEqual(['#0', '#1']);
    expect(cache.size).toBe(0);
    expect(cache.get(a, device, '', make).text()).toBe('#2');
  });

  test('a failed compilation leaves nothing behind', () => {
    const cache = new Executables(3);
    const fail = (): Executable => {
      throw new Error('no room');
    };
    const a = jaxpr();
    expect(() => cache.get(a, device, '', fail)).toThrow('no room');
    expect(cache.size).toBe(0);
    expect(cache.get(a, device, '', counted().make).text()).toBe('#0');
  });
});
