import type { DiskFile, DiskFiles } from '../../src/disk/disk-files.ts';

/** A call of a file system, by name; `sync` is the second half of a write, in which it comes to the disk. */
export type Call = 'read' | 'open' | 'write' | 'sync' | 'datasync' | 'truncate' | 'rename' | 'copy' | 'remove' | 'syncDirectory';

/** Files in memory that fail as they are told to, and know what would be left of them after a power cut. */
export class FaultyFiles implements DiskFiles {
  /** The content that a program reads. */
  readonly contents = new Map<string, Uint8Array>();
  /** The content that is certainly on disk. */
  readonly durable = new Map<string, Uint8Array>();
  /** All calls so far. */
  readonly calls: Call[] = [];
  /** The error, by Node's code, of each further call of that name. */
  readonly faults = new Map<Call, string>();
  /** The most octets that one write takes. */
  longestWrite = Infinity;
  /** Where each file ends at the latest: there the disk is full. */
  longestFile = Infinity;

  read(path: string): Promise<Uint8Array | undefined> {
    return this.#call('read', () => this.contents.get(path)?.slice());
  }

  open(path: string, how: 'existing' | 'empty'): Promise<DiskFile> {
    return this.#call('open', () => {
      // A file is what its name pointed to when it was opened: a rename moves the name, not the file.
      const file = { bytes: how === 'empty' ? new Uint8Array(0) : (this.contents.get(path) ?? new Uint8Array(0)), path };
      this.contents.set(path, file.bytes);
      this.#files.set(path, file);
      return this.#fileOf(file);
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#call('rename', () => {
      const file = this.#files.get(from);
      const bytes = this.contents.get(from);
      if (file === undefined || bytes === undefined) throw fault('ENOENT');
      const sure = this.durable.get(from);
      this.contents.delete(from);
      this.contents.set(to, bytes);
      if (sure !== undefined) this.durable.set(to, sure);
      this.#files.set(to, file);
      file.path = to;
    });
  }

  copy(from: string, to: string): Promise<void> {
    return this.#call('copy', () => void this.contents.set(to, (this.contents.get(from) ?? new Uint8Array(0)).slice()));
  }

  remove(path: string): Promise<void> {
    return this.#call('remove', () => {
      this.contents.delete(path);
      this.durable.delete(path);
    });
  }

  syncDirectory(): Promise<void> {
    return this.#call('syncDirectory', () => undefined);
  }

  readonly #files = new Map<string, { bytes: Uint8Array; path: string }>();

  #fileOf(file: { bytes: Uint8Array; path: string }): DiskFile {
    const set = (bytes: Uint8Array): void => {
      file.bytes = bytes;
      this.contents.set(file.path, bytes);
    };
    const sync = (): void => void this.durable.set(file.path, file.bytes.slice());
    return {
      write: (bytes, position) => {
        const taken = bytes.slice(0, Math.min(this.longestWrite, Math.max(0, this.longestFile - position)));
        if (taken.length === 0) return Promise.reject(fault('ENOSPC'));
        const put = (count: number): void => {
          const whole = new Uint8Array(Math.max(file.bytes.length, position + count));
          whole.set(file.bytes);
          whole.set(taken.subarray(0, count), position);
          set(whole);
        };
        // A disk that fills up takes what still fits.
        if (this.faults.has('write')) put(Math.floor(taken.length / 2));
        return this.#call('write', () => {
          put(taken.length);
          const code = this.faults.get('sync');
          if (code !== undefined) throw fault(code);
          sync();
          return taken.length;
        });
      },
      datasync: () => this.#call('datasync', sync),
      isNamed: () => this.contents.has(file.path),
      truncate: (length) => this.#call('truncate', () => set(file.bytes.slice(0, length))),
      close: () => Promise.resolve(),
    };
  }

  #call<Result>(name: Call, run: () => Result): Promise<Result> {
    this.calls.push(name);
    const code = this.faults.get(name);
    return code === undefined ? Promise.resolve().then(run) : Promise.reject(fault(code));
  }
}

function fault(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code, syscall: 'injected' });
}
