import type { MemoryReport } from '../../kernel/device.ts';
import { OutOfMemoryError } from '../../kernel/device.ts';
import { invariant } from '../../util/assert.ts';
import { alignment, Allocator, blockSize } from './allocator.ts';
import { controlEnd } from './control.ts';
import { maximumPages } from './module/encode.ts';

const pageBytes = 65536;
/** The first bytes stay zero for loads whose guard is false; what threads work together by comes next. */
const reservedStart = blockSize(controlEnd);
/** Kept free at the end: loads of four elements may reach past the last one. */
const reservedEnd = alignment;

/**
 * Where an array's bytes are: in linear memory, in an ordinary ArrayBuffer, or nowhere (freed). The array owns its home;
 * the memory knows of it only as long as it is resident. So a copy of an array that nobody uses any more dies with it
 * by plain garbage collection, even in a synchronous loop, where no finalizer runs.
 */
export interface Home {
  readonly bytes: number;
  address: number | null;
  copy: ArrayBuffer | null;
  /** Runs that use it at present; it must not move then. */
  pins: number;
  /** When it was last used, by the memory's count of uses. */
  used: number;
  /** The command that writes it, which may be outstanding; -1 for none. See {@link Outstanding}. */
  written: number;
  /** Reads that wait for that: each takes its copy when it is called. */
  readers: readonly (() => void)[];
  readonly claim: Claim;
}

/** What can give an array's storage back without keeping a copy outside linear memory alive. */
export interface Claim {
  readonly bytes: number;
  /** The array's home while that is resident. */
  home: Home | null;
  freed: boolean;
}

export interface MemoryOptions {
  /** Bytes of arrays that stay in linear memory before some are moved out, at first. */
  readonly budget?: number;
  /** The most bytes that the linear memory may have. */
  readonly limit?: number;
  /** Whether threads share the memory. */
  readonly shared?: boolean;
}

/**
 * A memory that grows as far as the system allows, at most to 4 GiB: some systems take room for the largest size at once.
 *
 * @throws RangeError when there is no room for a small one either.
 */
function newMemory(
  shared: boolean,
  pages = maximumPages,
): { readonly memory: WebAssembly.Memory; readonly most: number } {
  try {
    return { memory: new WebAssembly.Memory({ initial: 1, maximum: pages, shared }), most: pages * pageBytes };
  } catch (error) {
    if (pages <= maximumPages / 8) throw error;
    return newMemory(shared, pages / 2);
  }
}

/** Work that threads do after the call that asked for it, command by command. */
export interface Outstanding {
  /** Commands given, and those of them that are over. */
  readonly given: number;
  passed(): number;
  /** Waits until all are over. */
  finish(): void;
}

/** Storage that was given back while commands were outstanding that may use it. */
interface Returned {
  readonly address: number;
  readonly size: number;
  /** Commands that have to be over first. */
  readonly after: number;
}

/** With so much storage in use by outstanding commands only, it is time to wait for them. */
const muchReturned = 2 ** 26;

const newHome = (bytes: number, pins: number): Home => ({
  bytes,
  address: null,
  copy: null,
  pins,
  used: 0,
  written: -1,
  readers: [],
  claim: { bytes, home: null, freed: false },
});

/** The linear memory of a device: arrays that move out under pressure, and fixed blocks for programs. */
export class LinearMemory {
  readonly memory: WebAssembly.Memory;
  private readonly allocator: Allocator;
  private readonly limit: number;
  private budget: number;
  private readonly resident = new Set<Home>();
  private uses = 0;
  private residentBytes = 0;
  private movedOut = 0;
  private movedIn = 0;
  private copies = 0;
  private copiedBytes = 0;
  private peak = 0;
  private outstanding: Outstanding | null = null;
  private returned: Returned[] = [];
  private returnedBytes = 0;

  constructor({ budget = 2 ** 28, limit = Infinity, shared = false }: MemoryOptions) {
    const { memory, most } = newMemory(shared);
    this.memory = memory;
    this.limit = Math.min(limit, most);
    this.allocator = new Allocator(reservedStart);
    this.allocator.extend(pageBytes - reservedStart - reservedEnd);
    this.budget = budget;
  }

  /** From now on storage that is given back is used again only when the commands given before are over. */
  follow(outstanding: Outstanding): void {
    this.outstanding = outstanding;
  }

  /** A new array's home with unspecified contents, resident and pinned; see {@link unpin}. */
  create(bytes: number): Home {
    this.makeRoom(bytes);
    return this.settle(newHome(bytes, 1), this.take(bytes));
  }

  /** Brings an array into linear memory and keeps it there until {@link unpin}. */
  pin(home: Home): number {
    const { copy } = home;
    invariant(!home.claim.freed && (copy !== null || home.address !== null), 'an array is used after it was freed');
    home.pins += 1;
    home.used = ++this.uses;
    if (copy !== null) {
      try {
        this.makeRoom(home.bytes);
        this.settle(home, this.take(home.bytes));
      } catch (error) {
        home.pins -= 1;
        throw error;
      }
      this.at(this.addressOf(home), home.bytes).set(new Uint8Array(copy));
      home.copy = null;
      this.copies -= 1;
      this.copiedBytes -= home.bytes;
      this.movedIn += home.bytes;
    }
    return this.addressOf(home);
  }

  unpin(home: Home): void {
    home.pins -= 1;
  }

  /** Gives an array's storage back; once more does nothing. */
  release(claim: Claim): void {
    if (claim.freed) return;
    if (claim.home !== null) this.serveReaders(claim.home);
    claim.freed = true;
    if (claim.home !== null) this.leave(claim.home);
    else {
      this.copies -= 1;
      this.copiedBytes -= claim.bytes;
    }
  }

  /** Moves an array's storage to a new home; the old one is dead afterwards. */
  transfer(home: Home): Home {
    const address = this.addressOf(home);
    this.forget(home);
    home.claim.freed = true;
    return this.settle(newHome(home.bytes, 0), address);
  }

  /** Lets everybody who waits for the contents have them now, before they are gone. */
  serveReaders(home: Home): void {
    if (home.readers.length > 0) this.finish();
    home.readers.forEach((read) => read());
  }

  /** The array's bytes, wherever they are; valid until the next allocation. */
  view(home: Home): Uint8Array {
    invariant(!home.claim.freed, 'an array is used after it was freed');
    if (home.copy !== null) return new Uint8Array(home.copy);
    return this.at(this.addressOf(home), home.bytes);
  }

  /** Bytes of the memory; valid until the next allocation. */
  at(address: number, bytes: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, address, bytes);
  }

  /** A block that never moves, for constants, temporaries and tables. */
  fixed(bytes: number): { readonly address: number; readonly free: () => void } {
    const address = this.take(bytes);
    let live = true;
    return {
      address,
      free: () => {
        if (live) this.giveBack(address, blockSize(bytes));
        live = false;
      },
    };
  }

  report(): MemoryReport {
    const liveBytes = this.residentBytes + this.copiedBytes;
    // Copies are on the collector's account; in a synchronous loop most of those that are counted are gone already.
    const reservedBytes = this.memory.buffer.byteLength;
    this.peak = Math.max(this.peak, reservedBytes);
    return { liveBytes, liveBuffers: this.resident.size + this.copies, reservedBytes, peakBytes: this.peak };
  }

  private addressOf(home: Home): number {
    invariant(home.address !== null, 'an array is used after it was freed');
    return home.address;
  }

  private settle(home: Home, address: number): Home {
    home.address = address;
    home.claim.home = home;
    home.used = ++this.uses;
    this.resident.add(home);
    this.residentBytes += home.bytes;
    return home;
  }

  private leave(home: Home): void {
    this.giveBack(this.addressOf(home), blockSize(home.bytes));
    this.forget(home);
  }

  private forget(home: Home): void {
    this.resident.delete(home);
    this.residentBytes -= home.bytes;
    home.address = null;
    home.claim.home = null;
  }

  /**
   * Keeps resident arrays within the budget. Most of what moves out in a loop that makes garbage is garbage and never
   * comes back; when much does come back the budget is too small for what the program really uses, and doubles.
   */
  private makeRoom(bytes: number): void {
    if (this.residentBytes + bytes <= this.budget) return;
    if (this.movedIn > this.movedOut / 4 && this.movedIn > 0 && this.budget < this.limit / 2) {
      this.budget *= 2;
      this.movedIn = this.movedOut = 0;
      if (this.residentBytes + bytes <= this.budget) return;
    }
    this.moveOut(this.budget / 2 - bytes);
  }

  /** Moves the least recently used arrays out until at most `target` bytes stay, pinned ones aside. */
  private moveOut(target: number): void {
    this.finish();
    for (const home of [...this.resident].sort((a, b) => a.used - b.used)) {
      if (this.residentBytes <= target) return;
      if (home.pins > 0) continue;
      home.copy = this.copyOf(home);
      this.leave(home);
      this.copies += 1;
      this.copiedBytes += home.bytes;
      this.movedOut += home.bytes;
    }
  }

  /**
   * The array's bytes outside of linear memory. Not a slice: of a shared buffer that would be shared too, and the collector
   * does not know its size. (A view that is made from a view is not cleared first.)
   */
  private copyOf(home: Home): ArrayBuffer {
    try {
      return new Uint8Array(this.at(this.addressOf(home), home.bytes)).buffer;
    } catch (error) {
      throw this.outOfMemory(home.bytes, { cause: error });
    }
  }

  private take(bytes: number): number {
    const size = blockSize(bytes);
    this.reclaim();
    if (this.returnedBytes > muchReturned) this.finish();
    const found = this.allocator.allocate(size) ?? this.grow(size);
    if (found !== null) return found;
    this.moveOut(0);
    const again = this.allocator.allocate(size) ?? this.grow(size);
    if (again !== null) return again;
    throw this.outOfMemory(bytes);
  }

  private giveBack(address: number, size: number): void {
    const after = this.outstanding?.given ?? 0;
    if (this.outstanding === null || this.outstanding.passed() >= after) return this.allocator.free(address, size);
    this.returned.push({ address, size, after });
    this.returnedBytes += size;
  }

  /** Makes storage free that no outstanding command uses any more. */
  private reclaim(): void {
    if (this.outstanding === null || this.returned.length === 0) return;
    const passed = this.outstanding.passed();
    const waiting = this.returned.filter(({ address, size, after }) => {
      if (after > passed) return true;
      this.allocator.free(address, size);
      this.returnedBytes -= size;
      return false;
    });
    this.returned = waiting;
  }

  private finish(): void {
    this.outstanding?.finish();
    this.reclaim();
  }

  private outOfMemory(bytes: number, options?: { readonly cause: unknown }): OutOfMemoryError {
    const { liveBytes } = this.report();
    return new OutOfMemoryError(
      `the wasm device has no room for ${bytes} bytes: ${liveBytes} bytes of arrays are live, ` +
        `${this.memory.buffer.byteLength} of at most ${this.limit} bytes of memory are taken`,
      options,
    );
  }

  /** Enlarges the memory so that `size` bytes fit, and more than that to grow seldom. */
  private grow(size: number): number | null {
    const now = this.memory.buffer.byteLength;
    const needed = size - this.allocator.freeAtEnd;
    const room = this.limit - now;
    if (needed > room) return null;
    const wanted = Math.min(room, Math.max(needed, Math.min(now / 4, 2 ** 26), 2 ** 20));
    const grown = this.tryGrow(wanted) ?? this.tryGrow(needed);
    if (grown === null) return null;
    this.allocator.extend(grown);
    this.report();
    return this.allocator.allocate(size);
  }

  private tryGrow(bytes: number): number | null {
    const pages = Math.ceil(bytes / pageBytes);
    try {
      this.memory.grow(pages);
      return pages * pageBytes;
    } catch {
      return null;
    }
  }
}
