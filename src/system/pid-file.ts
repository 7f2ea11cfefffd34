/**
 * Files that tell scripts which process to end. Such a file outlives a process that is killed, so what is left decides by a lock that the
 * kernel frees: an open file description's write lock, which only who may write the file can take. [fcntl(2), F_OFD_SETLK]
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

/** `struct flock` on 64-bit machines: l_type at 0, l_whence, l_start, l_len and l_pid behind it. */
const flockSize = 32;

/** How a pid file is written. */
export interface PidFileOptions {
  /** What it holds. Default: this process's id. A negative number is a process group's. */
  readonly number?: number;
  /** The programs whose living process keeps its file, though it holds no lock. */
  readonly programs: readonly string[];
}

/** The file at that path may be somebody's: it is left alone. The message begins with the path. */
export class PidFileTaken extends EtherloomError {
  constructor(path: string, why: string) {
    super('bad-option', `${path} ${why}`);
  }
}

/** So many times others may remove or replace the file while it is taken. */
const attempts = 100;

/**
 * Writes a process's number to a file, and holds the file's write lock until it is disposed; then the file is removed if that is still what
 * it says. A file that is there is written over, never renamed over, when nobody holds its write lock and its number is that of no process,
 * or of one that is none of `programs`. Throws PidFileTaken, or what the system says.
 */
export function writePidFile(file: string, { number = process.pid, programs }: PidFileOptions): Disposable {
  // Whoever goes to the background leaves the directory.
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
  throw new PidFileTaken(path, 'is replaced by other processes all the time; give another file');
}

function openPidFile(path: string): Fd {
  // A link could lead to any file, and a pipe would be waited for.
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
  const known = lstatSync(path, { throwIfNoEntry: false });
  if (known && !known.isFile()) throw new PidFileTaken(path, 'is not a regular file; give another file');
  if (known && known.uid !== process.geteuid?.()) {
    throw new PidFileTaken(path, `belongs to another user (uid ${known.uid}); remove it, or give another file`);
  }
  return openSync(path, flags, 0o644);
}

/** Takes the write lock. Returns false when it was freed at this moment: that is worth another try. */
function holdsLock(fd: Fd, path: string): boolean {
  if (libc.fcntlOn(fd, F_OFD_SETLK, writeLock()) === 0) return true;
  const errno = lastErrno();
  // A file system without locks: the number decides alone.
  if (errno !== 'EAGAIN' && errno !== 'EACCES') return true;
  const held = writeLock();
  libc.fcntlOn(fd, F_OFD_GETLK, held);
  const type = held.readInt16LE(0);
  if (type === F_WRLCK)
    throw new PidFileTaken(path, `is held by process ${contentOf(fd).trim()}, which runs; stop it, or give another file`);
  // Anyone who may read the file can hold its read lock: that says nothing.
  return type === F_RDLCK;
}

function writeLock(): Buffer {
  const structure = Buffer.alloc(flockSize);
  structure.writeInt16LE(F_WRLCK, 0);
  return structure;
}

/** Whether the open file is the one of that name, still. */
function isAt(path: string, fd: Fd): boolean {
  const [there, here] = [lstatSync(path, { throwIfNoEntry: false }), fstatSync(fd)];
  return there?.ino === here.ino && there.dev === here.dev;
}

/** Throws PidFileTaken when what the file holds must not be lost. Nothing is in a file whose writer was killed too early. */
function checkContent(fd: Fd, path: string, number: number, programs: readonly string[]): void {
  const content = contentOf(fd);
  if (content === '') return;
  if (!/^\s*-?\d{1,10}\s*$/.test(content))
    throw new PidFileTaken(path, 'holds something else than a process id; remove it, or give another file');
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

/** Whether that process lives, and is one of those programs: by the name it has given itself, or by the script that it runs. [proc(5)] */
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
    // It is gone already.
  }
  closeSync(fd);
}
