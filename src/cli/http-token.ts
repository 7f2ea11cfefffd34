import { open, type FileHandle } from 'node:fs/promises';
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
  const { O_CREAT, O_EXCL, O_WRONLY, O_RDONLY, O_NOFOLLOW } = constants;
  const made = await opened(path, option, O_WRONLY | O_CREAT | O_EXCL, 'EEXIST');
  if (made) return closing(made, (file) => written(file, newToken(random)));
  const found = await opened(path, option, O_RDONLY | O_NOFOLLOW);
  return closing(found, (file) => read(file, path));
}

async function written(file: FileHandle, token: string): Promise<string> {
  await file.writeFile(`${token}\n`);
  await file.sync();
  return token;
}

async function read(file: FileHandle, path: string): Promise<string> {
  const { uid, mode } = await file.stat();
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

async function opened(path: string, option: string, flags: number): Promise<FileHandle>;
async function opened(path: string, option: string, flags: number, unless: string): Promise<FileHandle | undefined>;
async function opened(path: string, option: string, flags: number, unless?: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, flags, 0o600);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    if (errno === unless) return undefined;
    throw new SystemError(errno, `cannot open the file of the token, ${path}`, `choose another file by ${option}`);
  }
}

async function closing(file: FileHandle, use: (file: FileHandle) => Promise<string>): Promise<string> {
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}
