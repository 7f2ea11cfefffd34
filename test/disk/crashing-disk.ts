import { basename } from 'node:path';
import type { DiskFile, DiskFiles } from '../../src/disk/disk-files.ts';
import { replaceFile } from '../../src/disk/replace-file.ts';
import type { StateFiles } from '../../src/star/state-files.ts';

/** The changes that a crash leaves of those that are not synchronised: none of them, or all. */
export type Remains = 'least' | 'most';

interface File {
  /** The last part of its path. */
  name: string;
  /** The content that programs read. */
  bytes: Uint8Array;
  /** The content that is on the disk for certain. */
  sure: Uint8Array;
}

/** The parts of a write that a crash in the midst of it leaves. */
const parts = [0.25, 0.5, 0.75, 0.9];

type Names = ReadonlyMap<string, File>;

/**
 * A disk in memory whose machine may crash at any point: before and after each call, and in the midst of each write. Names and cuts that are not
 * synchronised may be lost in a crash. After it, no call comes back.
 */
export class CrashingDisk implements DiskFiles {
  /** The names of all points so far: `before write group.journal`. */
  readonly points: string[] = [];
  /** Resolves in the crash. */
  readonly crashed: Promise<void>;
  readonly #crashAt: number;
  #crash: () => void = () => undefined;
  #isDown = false;
  #names: Names;
  #sureNames: Names;

  /** `crashAt` is the number of the point of the crash; -1 for none. `names` are the files that are there, by their paths. */
  constructor(crashAt = -1, names: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.#crashAt = crashAt;
    this.#names = new Map(Array.from(names, ([path, bytes]) => [path, { name: basename(path), bytes, sure: bytes }]));
    this.#sureNames = this.#names;
    this.crashed = new Promise((resolve) => (this.#crash = resolve));
  }

  /** Returns the files that are left after a crash. */
  left(remains: Remains): Map<string, Uint8Array> {
    const names = remains === 'most' ? this.#names : this.#sureNames;
    return new Map(Array.from(names, ([path, { bytes, sure }]) => [path, (remains === 'most' ? bytes : sure).slice()]));
  }

  read(path: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#names.get(path)?.bytes.slice());
  }

  open(path: string, how: 'existing' | 'empty'): Promise<DiskFile> {
    return this.#at('open', path, () => {
      const known = this.#names.get(path);
      const file = known ?? { name: basename(path), bytes: new Uint8Array(0), sure: new Uint8Array(0) };
      if (how === 'empty') file.bytes = new Uint8Array(0);
      if (known === undefined) this.#names = new Map(this.#names).set(path, file);
      return this.#fileOf(file);
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#at('rename', from, () => {
      const file = this.#names.get(from);
      if (file === undefined) throw new Error(`no ${from} on the disk of this test`);
      this.#names = new Map([...this.#names].filter(([path]) => path !== from)).set(to, file);
      file.name = basename(to);
    });
  }

  copy(from: string, to: string): Promise<void> {
    return this.#at('copy', from, () => {
      const bytes = this.#names.get(from)?.bytes.slice() ?? new Uint8Array(0);
      this.#names = new Map(this.#names).set(to, { name: basename(to), bytes, sure: new Uint8Array(0) });
    });
  }

  remove(path: string): Promise<void> {
    return this.#at('remove', path, () => void (this.#names = new Map([...this.#names].filter(([name]) => name !== path))));
  }

  syncDirectory(path: string): Promise<void> {
    return this.#at('sync', path, () => void (this.#sureNames = this.#names));
  }

  /** Returns the small files of a directory on this disk. */
  stateFiles(directory: string): StateFiles {
    const path = (name: string): string => `${directory}/${name}`;
    const textOf = (file: File | undefined): string | undefined => file && new TextDecoder().decode(file.bytes);
    return {
      in: path,
      read: (name) => textOf(this.#names.get(path(name))),
      write: (name, text) => replaceFile(this, path(name), text),
      remove: async (name) => {
        await this.remove(path(name));
        await this.syncDirectory(directory);
      },
    };
  }

  #fileOf(file: File): DiskFile {
    return {
      write: async (bytes, position) => {
        const put = (count: number): Uint8Array => {
          const whole = new Uint8Array(Math.max(file.bytes.length, position + count));
          whole.set(file.bytes);
          whole.set(bytes.subarray(0, count), position);
          return whole;
        };
        await this.#point(`before write ${file.name}`);
        // In the midst of it, the program has not been told, and the disk has a part. Zeros at the end are only room.
        const length = bytes.findLastIndex((octet) => octet !== 0) + 1;
        for (const part of parts) {
          const half = put(Math.floor(length * part));
          await this.#point(`amid write ${file.name}`, () => (file.bytes = file.sure = half));
        }
        file.bytes = file.sure = put(bytes.length);
        await this.#point(`after write ${file.name}`);
        return bytes.length;
      },
      isNamed: () => [...this.#names.values()].includes(file),
      truncate: (length) => this.#at('truncate', file.name, () => void (file.bytes = file.bytes.slice(0, length))),
      datasync: () => this.#at('datasync', file.name, () => void (file.sure = file.bytes)),
      close: () => Promise.resolve(),
    };
  }

  async #at<Result>(call: string, path: string, run: () => Result): Promise<Result> {
    await this.#point(`before ${call} ${basename(path)}`);
    const result = run();
    await this.#point(`after ${call} ${basename(path)}`);
    return result;
  }

  /** Never resolves in the crash, nor after it. */
  async #point(name: string, inCrash = (): unknown => undefined): Promise<void> {
    const isHere = this.points.push(name) - 1 === this.#crashAt;
    if (isHere && !this.#isDown) {
      inCrash();
      this.#isDown = true;
      this.#crash();
    }
    if (this.#isDown) await new Promise(() => undefined);
  }
}

/**
 * Runs a program once for each point on its disk, crashes there, and runs `look` on a disk with the remains. `program` must do the same each time.
 * Returns the names of the points.
 */
export async function crashEverywhere(
  before: ReadonlyMap<string, Uint8Array>,
  program: (disk: CrashingDisk) => Promise<void>,
  look: (disk: CrashingDisk, point: string) => Promise<void>,
): Promise<readonly string[]> {
  const whole = new CrashingDisk(-1, before);
  await program(whole);
  for (const [at, point] of whole.points.entries()) {
    const disk = new CrashingDisk(at, before);
    await Promise.race([program(disk), disk.crashed]);
    for (const remains of ['least', 'most'] as const) await look(new CrashingDisk(-1, disk.left(remains)), `${point}, ${remains} left`);
  }
  return whole.points;
}
