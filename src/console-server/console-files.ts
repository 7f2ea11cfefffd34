import { closeSync, constants, fstatSync, openSync, readSync, statfsSync, writeSync } from 'node:fs';
import { longestScript, type Files, type OpenFile } from '../management/files.ts';
import { errnoOf, SystemError } from '../errors.ts';
import { statusOf, type Status } from '../management/status.ts';
import { PooledFile } from '../system/pooled-file.ts';
import { withRights, type Rights } from '../system/rights.ts';
import type { Log } from '../log.ts';

/** The file system type of /proc. [statfs(2)] */
const procMagic = 0x9fa0;

/** Captures and logs contain other users' traffic. */
const fileMode = 0o600;

/** Returns file access with the rights of the user who gives the commands, and never with more. Write errors are logged. */
export function filesFor(rights: Rights, log: Log): Files {
  // Without O_NONBLOCK, opening a pipe would wait for its other end.
  const always = constants.O_NONBLOCK | constants.O_NOCTTY;
  const open = (path: string, flags: number): number => {
    const fd = withRights(rights, () => openSync(path, flags | always, fileMode));
    if (rights.uid === process.geteuid?.() || !isOfProcesses(fd)) return fd;
    closeSync(fd);
    throw new SystemError('EACCES', `${path} is in /proc, which the console opens only for the user that it runs as`);
  };
  return {
    whose: [rights.uid, rights.gid, ...rights.groups].join(),
    read: (path) => attempt(() => readScript(open(path, constants.O_RDONLY))),
    open: (path, how) => {
      const flags = how === 'append' ? constants.O_APPEND : constants.O_TRUNC;
      return attempt(() => writtenFile(path, open(path, constants.O_WRONLY | constants.O_CREAT | flags), log));
    },
    closing: () => {
      if (closings.size === 0) return undefined;
      const written = Promise.all(closings);
      closings.clear();
      return written.then(() => undefined);
    },
  };
}

/**
 * Returns true for a file in /proc. Access to it is decided by the real process, so rights taken on for one call do not restrict it.
 * [proc(5)]
 */
function isOfProcesses(fd: number): boolean {
  return statfsSync(`/proc/self/fd/${fd}`).type === procMagic;
}

function attempt<Value>(work: () => Value): Value | Status {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return statusOf(errnoOf(error) ?? '');
  }
}

function readScript(fd: number): { readonly text: string } | Status {
  try {
    const status = fstatSync(fd);
    if (status.isDirectory()) return 'EISDIR';
    if (!status.isFile()) return 'EINVAL';
    // The file is read to its end, since some files do not report their size. [proc(5)]
    const memory = Buffer.alloc(longestScript + 1);
    let size = 0;
    for (let count = 1; count > 0 && size < memory.length; size += count) count = readSync(fd, memory, size, memory.length - size, null);
    return size > longestScript ? 'EFBIG' : { text: memory.toString('utf8', 0, size) };
  } finally {
    closeSync(fd);
  }
}

/** Closed files whose data is still being written, and for which `closing` has not been called yet. */
const closings = new Set<Promise<void>>();

/** An open file or pipe. */
interface Sink {
  /** Takes a record whole or not at all. Returns true if it was taken. */
  write(octets: Uint8Array): boolean;
  readonly failed: boolean;
  close(): void;
}

/** Returns a file that logs the first lost record, the error that ends it and, when it is closed, the number of lost records. */
function writtenFile(path: string, fd: number, log: Log): OpenFile {
  let failure: Status | undefined;
  const failed = (error: unknown): void => {
    failure = statusOf(errnoOf(error) ?? '');
    log.warn(`cannot write ${path}: ${error instanceof Error ? error.message : String(error)}; nothing more is written to it`);
  };
  const sink = fstatSync(fd).isFile() ? regularFile(fd, failed) : new PipeSink(fd, failed);
  let lost = 0;
  return {
    get failed() {
      return sink.failed;
    },
    get failure() {
      return failure;
    },
    write: (octets) => {
      if (sink.write(octets)) return true;
      if (!sink.failed && ++lost === 1) log.warn(`${path} cannot take more now: its reader or its disk is too slow, and records are lost`);
      return false;
    },
    [Symbol.dispose]: () => {
      sink.close();
      if (lost > 0) log.warn(`${path}: ${lost} records lost`);
    },
  };
}

/** Returns a sink for a regular file. Writes to one always block, so they run outside of the event loop. */
function regularFile(fd: number, failed: (error: unknown) => void): Sink {
  let hasFailed = false;
  const file = new PooledFile(fd, (error) => {
    hasFailed = true;
    failed(error);
  });
  return {
    get failed() {
      return hasFailed;
    },
    write: (octets) => file.write(octets),
    close: () => {
      const closing = file.close().finally(() => closings.delete(closing));
      closings.add(closing);
    },
  };
}

/** A pipe to a program that reads along, or a device. */
class PipeSink implements Sink {
  readonly #failed: (error: unknown) => void;
  #fd: number | undefined;
  /** The unwritten rest of the last record. It is written first. */
  #rest: Uint8Array = new Uint8Array(0);

  constructor(fd: number, failed: (error: unknown) => void) {
    this.#fd = fd;
    this.#failed = failed;
  }

  get failed(): boolean {
    return this.#fd === undefined;
  }

  write(octets: Uint8Array): boolean {
    this.#rest = this.#put(this.#rest);
    if (this.#rest.length > 0) return false;
    this.#rest = this.#put(octets);
    return !this.failed;
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  /** Writes as much as there is room for. Returns the rest. */
  #put(octets: Uint8Array): Uint8Array {
    if (this.#fd === undefined || octets.length === 0) return new Uint8Array(0);
    try {
      return octets.slice(writeSync(this.#fd, octets));
    } catch (error) {
      if (errnoOf(error) === 'EAGAIN') return octets.slice();
      this.#failed(error);
      this.close();
      return new Uint8Array(0);
    }
  }
}
