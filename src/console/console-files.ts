import { closeSync, constants, fstatSync, openSync, readSync, statfsSync, writeSync } from 'node:fs';
import type { Files, OpenFile } from '../management/command.ts';
import { SystemError } from '../errors.ts';
import { statusOf, type Status } from '../management/status.ts';
import { withRights, type Rights } from '../system/rights.ts';
import type { Log } from '../log.ts';

/** The longest script, in octets. */
const longestScript = 1_048_576;

/** The type of the file system that tells of processes. [statfs(2)] */
const procMagic = 0x9fa0;

/** Captures and logs tell what people say to each other. */
const fileMode = 0o600;

/** Files as a console opens them: with the rights of whoever gives the commands, and never with more. What cannot be written is logged. */
export function filesFor(rights: Rights, log: Log): Files {
  // A pipe whose other end nobody has is not waited for.
  const always = constants.O_NONBLOCK | constants.O_NOCTTY;
  const open = (path: string, flags: number): number => {
    const fd = withRights(rights, () => openSync(path, flags | always, fileMode));
    if (rights.uid === process.geteuid?.() || !isOfProcesses(fd)) return fd;
    closeSync(fd);
    throw new SystemError('EACCES', `${path} is of processes`);
  };
  return {
    whose: [rights.uid, rights.gid, ...rights.groups].join(),
    read: (path) => attempt(() => readScript(open(path, constants.O_RDONLY))),
    open: (path, how) => {
      const flags = how === 'append' ? constants.O_APPEND : constants.O_TRUNC;
      return attempt(() => new WrittenFile(path, open(path, constants.O_WRONLY | constants.O_CREAT | flags), log));
    },
  };
}

/** What is told of processes depends on who asks, and whose rights he has for a moment does not count there. [proc(5)] */
function isOfProcesses(fd: number): boolean {
  return statfsSync(`/proc/self/fd/${fd}`).type === procMagic;
}

function attempt<Value>(work: () => Value): Value | Status {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // A system call of our own calls it errno, Node's code.
    return statusOf('errno' in error && typeof error.errno === 'string' ? error.errno : 'code' in error ? String(error.code) : '');
  }
}

function readScript(fd: number): { readonly text: string } | Status {
  try {
    const status = fstatSync(fd);
    if (status.isDirectory()) return 'EISDIR';
    if (!status.isFile()) return 'EINVAL';
    // By what can be read, for some files say nothing of their size. [proc(5)]
    const memory = Buffer.alloc(longestScript + 1);
    let size = 0;
    for (let count = 1; count > 0 && size < memory.length; size += count) count = readSync(fd, memory, size, memory.length - size, null);
    return size > longestScript ? 'EFBIG' : { text: memory.toString('utf8', 0, size) };
  } finally {
    closeSync(fd);
  }
}

/** A file, or a pipe to a program that reads along: records are written to it whole or not at all. */
class WrittenFile implements OpenFile {
  readonly #path: string;
  readonly #log: Log;
  #fd: number | undefined;
  /** What is left of the last record: it goes first. */
  #rest: Uint8Array = new Uint8Array(0);
  #lost = 0;

  constructor(path: string, fd: number, log: Log) {
    this.#path = path;
    this.#fd = fd;
    this.#log = log;
  }

  get failed(): boolean {
    return this.#fd === undefined;
  }

  write(octets: Uint8Array): boolean {
    this.#rest = this.#put(this.#rest);
    if (this.#rest.length > 0) {
      if (++this.#lost === 1) this.#log.warn(`${this.#path} takes no more for now: what it has no room for is lost`);
      return false;
    }
    this.#rest = this.#put(octets);
    return !this.failed;
  }

  [Symbol.dispose](): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  /** Writes what there is room for, and returns what there is not. */
  #put(octets: Uint8Array): Uint8Array {
    if (this.#fd === undefined || octets.length === 0) return new Uint8Array(0);
    try {
      return octets.slice(writeSync(this.#fd, octets));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return octets.slice();
      this.#log.warn(`${this.#path} is written to no more: ${error instanceof Error ? error.message : String(error)}`);
      this[Symbol.dispose]();
      return new Uint8Array(0);
    }
  }
}
