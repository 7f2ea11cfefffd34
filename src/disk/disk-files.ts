/** The file system, as far as files that must outlive a crash need it. */
import { constants, fstatSync } from 'node:fs';
import { copyFile, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { EtherloomError, errnoOf, SystemError } from '../errors.ts';

/** The operations of a file system on files that must outlive a crash. Each call rejects with an error of Node's kind. */
export interface DiskFiles {
  /** Returns the octets of a file; undefined if it does not exist. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Opens a file for writing: the existing one, or an empty one of mode 0600 in its place. */
  open(path: string, how: 'existing' | 'empty'): Promise<DiskFile>;
  rename(from: string, to: string): Promise<void>;
  copy(from: string, to: string): Promise<void>;
  /** Removes a file, if it exists. */
  remove(path: string): Promise<void>;
  /** Makes renames in a directory durable. */
  syncDirectory(path: string): Promise<void>;
}

/** An open file. */
export interface DiskFile {
  /** Writes at a position, and returns the number of octets written, which may be fewer. They are then on the disk. */
  write(bytes: Uint8Array, position: number): Promise<number>;
  /** Returns whether the file has a name; a removed one has none. Does not wait for the disk. */
  isNamed(): boolean;
  /** Cuts the file to a length. The cut is on the disk after `datasync`. */
  truncate(length: number): Promise<void>;
  datasync(): Promise<void>;
  close(): Promise<void>;
}

const { O_CREAT, O_DSYNC, O_RDWR, O_TRUNC } = constants;

/** Room for more lines is allocated in multiples of this, in octets. */
const roomStep = 1 << 16;

/** The real disk. */
export const diskFiles: DiskFiles = {
  async read(path) {
    try {
      return await readFile(path);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  },
  async open(path, how) {
    const handle = await open(path, O_RDWR | O_DSYNC | (how === 'empty' ? O_CREAT | O_TRUNC : 0), 0o600);
    // For one that was there already.
    if (how === 'empty') await handle.chmod(0o600);
    return {
      write: async (bytes, position) => (await handle.write(bytes, 0, bytes.length, position)).bytesWritten,
      datasync: () => handle.datasync(),
      isNamed: () => fstatSync(handle.fd).nlink > 0,
      truncate: (length) => handle.truncate(length),
      close: () => handle.close(),
    };
  },
  rename,
  copy: copyFile,
  remove: (path) => rm(path, { force: true }),
  async syncDirectory(path) {
    const handle = await open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

/** Creates a directory for the owner only, in an existing one; an existing directory is left as it is. Throws a SystemError. */
export async function makeDirectory(path: string): Promise<void> {
  await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
    // If it is not a directory, opening its files fails.
    if (errnoOf(error) !== 'EEXIST') throw new SystemError(errnoOf(error) ?? 'EIO', `cannot create ${path}`);
  });
}

/** Returns the octets of a file; undefined if it does not exist. Throws a SystemError. */
export async function readFrom(files: DiskFiles, path: string): Promise<Uint8Array | undefined> {
  try {
    return await files.read(path);
  } catch (error) {
    throw new SystemError(errnoOf(error) ?? 'EIO', `cannot read ${path}`);
  }
}

/** Writes all octets at a position. Throws the file's errors, and an error if the disk takes nothing. */
export async function writeAll(file: DiskFile, bytes: Uint8Array, position: number): Promise<void> {
  await writeAtLeast(file, bytes, position, bytes.length);
}

/**
 * Writes octets at a position in a file that is `length` octets long, and returns its new length. If they go beyond its end, zeros are added after
 * them, as far as the disk has room. A write over existing octets takes half as long, since it changes only the file's content. Throws as
 * `writeAll` does.
 */
export async function writeWithRoom(file: DiskFile, bytes: Uint8Array, position: number, length: number): Promise<number> {
  const octets = position + bytes.length > length ? withRoom(bytes, position) : bytes;
  const written = await writeAtLeast(file, octets, position, bytes.length);
  return Math.max(length, position + written);
}

async function writeAtLeast(file: DiskFile, octets: Uint8Array, position: number, least: number): Promise<number> {
  let written = 0;
  while (written < least) {
    const count = await file.write(octets.subarray(written), position + written);
    if (count === 0) throw new EtherloomError('system', 'the disk took no octets of the file; make room on it');
    written += count;
  }
  return written;
}

function withRoom(bytes: Uint8Array, position: number): Uint8Array {
  const end = Math.ceil((position + bytes.length) / roomStep) * roomStep;
  const octets = new Uint8Array(end - position);
  octets.set(bytes);
  return octets;
}
