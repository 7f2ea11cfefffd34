import { SystemError } from '../errors.ts';
import { chance } from '../impairment/impairment.ts';
import type { Random } from '../random.ts';
import type { Fabric } from './fabric.ts';
import { checkNumber } from './numbers.ts';

/** A write, removal or renaming of a file that a crash may undo. */
interface Change {
  readonly file: string;
  readonly octets?: Uint8Array | undefined;
  /** The former name. */
  readonly from?: string;
}

type Files = Map<string, Uint8Array>;

/** The shares of unsynced changes that a crash loses, and of the others that it tears. */
const [lost, torn] = [0.5, 0.5];

/**
 * The disk of a host: files that are written and read whole. A crash loses unsynced changes or tears them: of a torn write only the first
 * octets remain. All operations take its latency, so time must pass while they are awaited.
 */
export class LabDisk {
  readonly #host: string;
  readonly #fabric: Fabric;
  readonly #random: Random;
  readonly #failures = new Set<object>();
  #latency: number;
  #files: Files = new Map();
  #synced: Files = new Map();
  #changes: Change[] = [];
  #generation = 0;
  #lastDue = 0;

  constructor(host: string, latency: number, fabric: Fabric) {
    checkNumber('the latency of a disk', latency);
    this.#host = host;
    this.#latency = latency;
    this.#fabric = fabric;
    this.#random = fabric.random(`disk ${host}`);
  }

  /** The time to read, to write and to sync, in milliseconds. A change applies to later operations. */
  get latency(): number {
    return this.#latency;
  }

  set latency(milliseconds: number) {
    checkNumber('the latency of a disk', milliseconds);
    this.#fabric.act(
      () => `disk-latency ${this.#host} ${milliseconds}`,
      () => (this.#latency = milliseconds),
    );
  }

  /** The content that every crash leaves, as text, by the names of the files. Reading it takes no time. */
  get synced(): ReadonlyMap<string, string> {
    return new Map(Array.from(this.#synced, ([file, octets]) => [file, textOf(octets)]));
  }

  /** Returns a file's text; undefined if there is none. Rejects with SystemError('EIO') while the disk fails, as all operations do. */
  async read(file: string): Promise<string | undefined> {
    const octets = await this.readOctets(file);
    return octets && textOf(octets);
  }

  /** Returns the octets of a file; undefined if there is none. */
  readOctets(file: string): Promise<Uint8Array | undefined> {
    return this.#do(`read ${file}`, () => this.#files.get(file)?.slice());
  }

  /** Replaces a file's content; text is written as UTF-8. */
  write(file: string, content: string | Uint8Array): Promise<void> {
    const octets = typeof content === 'string' ? new TextEncoder().encode(content) : content.slice();
    return this.#do(`write ${file}`, () => this.#change({ file, octets }));
  }

  /** Removes a file. Has no effect if there is none. */
  remove(file: string): Promise<void> {
    return this.#do(`remove ${file}`, () => this.#change({ file }));
  }

  /** Renames a file, and replaces a file with the new name. A crash leaves one of the two whole. Has no effect if there is none. */
  rename(from: string, to: string): Promise<void> {
    return this.#do(`rename ${from}`, () => this.#change({ file: to, from }));
  }

  /** Returns the names of all files. */
  list(): Promise<string[]> {
    return this.#do('list the files', () => [...this.#files.keys()].sort());
  }

  /** Makes all earlier writes outlive a crash. */
  sync(): Promise<void> {
    return this.#do('sync', () => {
      this.#synced = new Map(this.#files);
      this.#changes = [];
    });
  }

  /** Makes it fail until disposed: all reads, writes and syncs are refused. */
  fail(): Disposable {
    return this.#fabric.fault(
      () => `fail-disk ${this.#host}`,
      () => {
        const failure = {};
        this.#failures.add(failure);
        return { [Symbol.dispose]: () => void this.#failures.delete(failure) };
      },
    );
  }

  /** Applies a crash of the host: pending operations are not carried out, and some unsynced changes are lost. */
  crash(): void {
    this.#generation++;
    for (const change of this.#changes.splice(0)) {
      if (chance(this.#random) < lost) continue;
      const { octets } = change;
      const whole = octets === undefined || chance(this.#random) >= torn;
      apply(this.#synced, whole ? change : { ...change, octets: octets.slice(0, this.#random.uint32() % Math.max(1, octets.length)) });
    }
    this.#files = new Map(this.#synced);
  }

  #change(change: Change): void {
    this.#changes.push(change);
    apply(this.#files, change);
  }

  /** Runs operations one after the other, each a latency after its request. A caller that is dead by then is not called. */
  #do<T>(what: string, work: () => T): Promise<T> {
    const { timeline } = this.#fabric;
    const generation = this.#generation;
    this.#fabric.checkOpen();
    this.#lastDue = Math.max(this.#lastDue, timeline.now + this.#latency);
    return new Promise((resolve, reject) => {
      const end = (): void => {
        if (generation !== this.#generation) return;
        if (this.#failures.size === 0) resolve(work());
        else reject(new SystemError('EIO', `cannot ${what} on the disk of ${this.#host}`, 'end the failure of the disk'));
      };
      timeline.tellAfter(this.#lastDue - timeline.now, end);
    });
  }
}

function apply(files: Files, { file, octets, from }: Change): void {
  if (from !== undefined) {
    const renamed = files.get(from);
    if (renamed === undefined) return;
    files.delete(from);
    files.set(file, renamed);
  } else if (octets === undefined) files.delete(file);
  else files.set(file, octets);
}

function textOf(octets: Uint8Array): string {
  return new TextDecoder().decode(octets);
}
