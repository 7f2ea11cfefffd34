import { link, open, rm, type FileHandle } from 'node:fs/promises';
import { constants } from 'node:fs';
import { errnoOf, EtherloomError, SystemError } from '../errors.ts';
import { isToken, newToken } from '../http/token.ts';
import type { Random } from '../random.ts';

/** The most octets that are read of a file. */
const mostRead = 1024;

/**
 * Returns the token in a file. A missing file is made, with a new token, for its user alone. `option` is what named it. Throws EtherloomError:
 * `not-permitted` for a file that others may read or that belongs to another user, `bad-option` for one without a token; and SystemError.
 */
export async function fileToken(path: string, option: string, random: Random): Promise<string> {
  const found = await existing(path, option);
  if (found !== undefined) return found;
  await make(path, option, random);
  // Another process may have been first: then its token is read.
  const made = await existing(path, option);
  if (made !== undefined) return made;
  throw new SystemError('ENOENT', `cannot open the file of the token, ${path}`, `choose another file by ${option}`);
}

async function existing(path: string, option: string): Promise<string | undefined> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = await opened(path, option, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 'ENOENT');
  return file && closing(file, () => read(file, path));
}

/** Makes the file with a new token, unless it is there. It gets its name when it is whole: a crash or a full disk leaves none without a token. */
async function make(path: string, option: string, random: Random): Promise<void> {
  const token = newToken(random);
  const temporary = `${path}.${newToken(random).slice(0, 8)}`;
  const { O_CREAT, O_EXCL, O_WRONLY } = constants;
  const file = await opened(temporary, option, O_WRONLY | O_CREAT | O_EXCL);
  try {
    await closing(file, () => written(file, token));
    await link(temporary, path);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw failed(error, path, option);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function written(file: FileHandle, token: string): Promise<void> {
  await file.writeFile(`${token}\n`);
  await file.sync();
}

async function read(file: FileHandle, path: string): Promise<string> {
  const status = await file.stat();
  const { uid, mode } = status;
  if (!status.isFile()) throw new EtherloomError('bad-option', `the file of the token, ${path}, is not a regular file; choose another`);
  const [own, remedy] = [process.geteuid?.() ?? 0, `remove it, or run: chmod 600 ${path}`];
  if (uid !== own && uid !== 0) {
    throw new EtherloomError('not-permitted', `cannot use the token in ${path}: the file belongs to uid ${uid}; choose a file of your own`);
  }
  if ((mode & 0o077) !== 0)
    throw new EtherloomError('not-permitted', `cannot use the token in ${path}: others may read or write it; ${remedy}`);
  const { bytesRead, buffer } = await file.read(Buffer.alloc(mostRead), 0, mostRead, 0);
  const token = buffer.toString('latin1', 0, bytesRead).trim();
  if (isToken(token)) return token;
  throw new EtherloomError('bad-option', `${path} has no token of 22 to 256 letters, digits, - and _; remove it, and a new one is made`);
}

function failed(error: unknown, path: string, option: string): unknown {
  const errno = errnoOf(error);
  return errno === undefined
    ? error
    : new SystemError(errno, `cannot open the file of the token, ${path}`, `choose another file by ${option}`);
}

async function opened(path: string, option: string, flags: number): Promise<FileHandle>;
async function opened(path: string, option: string, flags: number, unless: string): Promise<FileHandle | undefined>;
async function opened(path: string, option: string, flags: number, unless?: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, flags, 0o600);
  } catch (error) {
    if (unless !== undefined && errnoOf(error) === unless) return undefined;
    throw failed(error, path, option);
  }
}

async function closing<Value>(file: FileHandle, use: () => Promise<Value>): Promise<Value> {
  try {
    return await use();
  } finally {
    await file.close();
  }
}
