/**
 * Pid files, from which scripts learn which process to end. Such a file outlives a killed process. So a lock that the kernel releases shows
 * whether it is in use: a write lock of the open file description, which only a process that may write the file can take. [fcntl(2),
 * F_OFD_SETLK]
 */
import { closeSync, constants, fstatSync, ftruncateSync, lstatSync, openSync, readFileSync, readSync, rmSync, writeSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { EtherloomError } from '../errors.ts';
import { lastErrno, libc } from './libc.ts';
import type { Fd } from './unix-socket.ts';

const F_OFD_GETLK = 36;
const F_OFD_SETLK = 37;
const F_RDLCK = 0;
const F_WRLCK = 1;

/** `struct flock` on 64-bit machines: l_type at offset 0, then l_whence, l_start, l_len and l_pid. */
const flockSize = 32;

/** The content of a pid file, and the programs that may own an existing one. */
export interface PidFileOptions {
  /** The number in the file. Default: this process's id. A negative number means a process group. */
  readonly number?: number;
  /** A file that names a running process of one of these programs is not taken, even if it is not locked. */
  readonly programs: readonly string[];
}

/** Thrown if a file may belong to another process; the file is left unchanged. The message begins with the path. */
export class PidFileTaken extends EtherloomError {
  constructor(path: string, why: string) {
    super('bad-option', `${path} ${why}`);
  }
}

/** The number of attempts, since other processes may remove or replace the file meanwhile. */
const attempts = 100;

/**
 * Writes a process's number to a file, and holds the file's write lock until it is disposed. Then the file is removed if its content is
 * still the same. An existing file is overwritten in place, never replaced by renaming. It must not be locked for writing, and must not
 * name a running process of `programs`. Throws PidFileTaken, or the system's error.
 */
export function writePidFile(file: string, { number = process.pid, programs }: PidFileOptions): Disposable {
  // The path must be absolute, since a process that goes to the background changes its directory.
  const path = resolve(file);
  const text = `${number}\n`;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const fd = openPidFile(path);
    try {
      if (holdsLock(fd, path) && isAt(path, fd)) {
        checkContent(fd, path, number, programs);
        replaceContent(fd, path, text);
        return { [Symbol.dispose]: () => removePidFile(fd, path, text) };
      }
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    closeSync(fd);
  }
  throw new PidFileTaken(path, 'is replaced by other processes again and again; give another file');
}

function openPidFile(path: string): Fd {
  // A symbolic link could lead to any file, and opening a pipe would wait.
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
  const known = lstatSync(path, { throwIfNoEntry: false });
  if (known && !known.isFile()) throw new PidFileTaken(path, 'is not a regular file; give another file');
  if (known && known.uid !== process.geteuid?.()) {
    throw new PidFileTaken(path, `belongs to another user (uid ${known.uid}); remove it, or give another file`);
  }
  return openSync(path, flags, 0o644);
}

/** Takes the write lock. Returns false if another process has just released it, so that a retry is worthwhile. */
function holdsLock(fd: Fd, path: string): boolean {
  if (libc.fcntlOn(fd, F_OFD_SETLK, writeLock()) === 0) return true;
  const errno = lastErrno();
  // In a file system without locks, only the number in the file is checked.
  if (errno !== 'EAGAIN' && errno !== 'EACCES') return true;
  const held = writeLock();
  libc.fcntlOn(fd, F_OFD_GETLK, held);
  const type = held.readInt16LE(0);
  if (type === F_WRLCK)
    throw new PidFileTaken(path, `is held by process ${contentOf(fd).trim()}, which runs; stop it, or give another file`);
  // A read lock does not count, since any user who may read the file can hold one.
  return type === F_RDLCK;
}

function writeLock(): Buffer {
  const structure = Buffer.alloc(flockSize);
  structure.writeInt16LE(F_WRLCK, 0);
  return structure;
}

/** Returns whether the open file still has its name. */
function isAt(path: string, fd: Fd): boolean {
  const [there, here] = [lstatSync(path, { throwIfNoEntry: false }), fstatSync(fd)];
  return there?.ino === here.ino && there.dev === here.dev;
}

/** Throws PidFileTaken if the file's content must be preserved. The file is empty if its writer was killed too early. */
function checkContent(fd: Fd, path: string, number: number, programs: readonly string[]): void {
  const content = contentOf(fd);
  if (content === '') return;
  if (!/^\s*-?\d{1,10}\s*$/.test(content))
    throw new PidFileTaken(path, 'contains something other than a process id; remove it, or give another file');
  const known = Number(content);
  if (known === number || !isRunning(Math.abs(known), programs)) return;
  throw new PidFileTaken(path, `names process ${known}, which runs; stop it, or give another file`);
}

function contentOf(fd: Fd): string {
  const memory = Buffer.alloc(64);
  return memory.toString('latin1', 0, readSync(fd, memory, 0, memory.length, 0));
}

function replaceContent(fd: Fd, path: string, text: string): void {
  try {
    writeSync(fd, text, 0);
    ftruncateSync(fd, text.length);
  } catch (error) {
    if (fstatSync(fd).size === 0) rmSync(path);
    throw error;
  }
}

/** Returns whether a process is alive and runs one of the given programs, by its process name or by the script that it runs. [proc(5)] */
function isRunning(pid: number, programs: readonly string[]): boolean {
  try {
    const [, name = '', state = ''] = /^\d+ \((.*)\) (\S)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    if (state === 'Z' || state === 'X') return false;
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, 3);
    return [name, ...words].some((word) => programs.includes(basename(word)));
  } catch {
    return false;
  }
}

function removePidFile(fd: Fd, path: string, text: string): void {
  try {
    if (isAt(path, fd) && contentOf(fd) === text) rmSync(path);
  } catch {
    // It has been removed already.
  }
  closeSync(fd);
}
