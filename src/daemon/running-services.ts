/**
 * Notes of the services that run for this user, by which commands find them: a file of JSON for each, `services/ID.json`. The service holds
 * a lock on its note, which the kernel releases when the process ends in any way. So a note without a lock is stale, even if its pid is
 * in use again, or if the directory is shared with containers or other hosts.
 */
import { closeSync, constants, openSync, readdirSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cleanText } from '../clean-text.ts';
import { EtherloomError, errnoOf } from '../errors.ts';
import type { Random } from '../random.ts';
import { isLocked, lockFile, type FileLock } from '../system/file-lock.ts';
import { ownDirectory, servicesDirectory } from './directories.ts';

/** The commands that are noted while they run. */
export type ServiceRole = 'switch' | 'master' | 'slave';

/** A running service. Its paths are absolute. */
export interface RunningService {
  readonly role: ServiceRole;
  readonly pid: number;
  /** The directory of its state; undefined for a switch without one. */
  readonly state?: string | undefined;
  /** The directory of its switch. */
  readonly sock?: string | undefined;
  /** The socket on which it answers commands; undefined if it has none. */
  readonly api?: string | undefined;
  /** The id of its group; undefined for a switch, and for a node that has not joined. */
  readonly group?: string | undefined;
  /** Its name in the group. */
  readonly name?: string | undefined;
}

/** The note of this process's service. It ends with its disposal. */
export interface ServiceNote extends Disposable {
  /** Replaces some of the fields, in one step. Throws SystemError. */
  change(fields: Partial<Omit<RunningService, 'pid'>>): void;
}

const suffix = '.json';

/**
 * Notes a service of this process, and removes the notes of services that were killed. `directory` is the user's one by default. Throws
 * EtherloomError: `not-permitted`, `system`. The service can run all the same; then commands need `--state` or `--sock`.
 */
export function noteService(service: Omit<RunningService, 'pid'>, random: Random, directory = servicesDirectory()): ServiceNote {
  ownDirectory(directory, 'XDG_RUNTIME_DIR');
  findServices(directory);
  const id = [random.uint32(), random.uint32()].map((word) => word.toString(16).padStart(8, '0')).join('');
  const path = join(directory, `${id}${suffix}`);
  let noted: RunningService = { ...service, pid: process.pid };
  let lock = writeLocked(path, noted);
  return {
    change(fields) {
      noted = { ...noted, ...fields };
      const next = writeLocked(path, noted);
      lock[Symbol.dispose]();
      lock = next;
    },
    [Symbol.dispose]() {
      rmSync(path, { force: true });
      lock[Symbol.dispose]();
    },
  };
}

/** Returns the services that run for this user, by role and pid. Stale notes are removed; those that cannot be read are passed over. */
export function findServices(directory = servicesDirectory()): readonly RunningService[] {
  const services = namesIn(directory).flatMap((name) => readNote(join(directory, name)) ?? []);
  return services.sort((a, b) => a.role.localeCompare(b.role) || a.pid - b.pid);
}

/** The service that a command names by its options, or any one of its roles. */
export interface ServiceWish {
  readonly roles: readonly ServiceRole[];
  readonly state?: string | undefined;
  readonly sock?: string | undefined;
}

/**
 * Returns the one service that fits. Throws EtherloomError: `bad-option` if several fit, and names each of them with the option that chooses
 * it; `refused` if none does.
 */
export function chooseService(services: readonly RunningService[], { roles, state, sock }: ServiceWish): RunningService {
  const isAt = (place: string | undefined, wanted: string | undefined): boolean => wanted === undefined || place === resolve(wanted);
  const fitting = services.filter((service) => roles.includes(service.role) && isAt(service.state, state) && isAt(service.sock, sock));
  const [one, another] = fitting;
  if (one !== undefined && another === undefined) return one;
  const kinds = roles.join(', ').replace(/, (?=[^,]*$)/, ' or ');
  if (one === undefined) {
    const where = [state && ` with --state ${state}`, sock && ` with --sock ${sock}`].filter(Boolean).join('');
    throw new EtherloomError('refused', `no ${kinds} of this user runs${where}; start one, or choose another with --state or --sock`);
  }
  const list = fitting.map(describeService).join(', ');
  throw new EtherloomError('bad-option', `${fitting.length} services of this user run, and the command is for one: ${list}; choose one`);
}

/** Returns a service in words, with the option that chooses it: `slave --state /s (pid 12, web of group k3…)`. */
export function describeService({ role, pid, state, sock, group, name }: RunningService): string {
  const place = state !== undefined ? ` --state ${state}` : sock !== undefined ? ` --sock ${sock}` : '';
  const member = name === undefined || role === 'master' ? '' : `${cleanText(name)} of `;
  return `${role}${place} (pid ${pid}${group === undefined ? '' : `, ${member}group ${cleanText(group)}`})`;
}

/** Writes a note beside its place, locks it there, and moves it in, so that no reader finds it unlocked or unfinished. */
function writeLocked(path: string, service: RunningService): FileLock {
  const next = `${path}.next`;
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
  const fd = openSync(next, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
  try {
    writeSync(fd, `${JSON.stringify(service)}\n`);
  } finally {
    closeSync(fd);
  }
  const lock = lockFile(next);
  renameSync(next, path);
  return lock;
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => name.endsWith(suffix));
  } catch {
    return [];
  }
}

function readNote(path: string): RunningService | undefined {
  try {
    if (isLocked(path)) return decodeService(readFileSync(path, 'utf8'));
    rmSync(path, { force: true });
  } catch (error) {
    // It was removed meanwhile, or belongs to another user.
    if (errnoOf(error) === undefined) throw error;
  }
  return undefined;
}

function decodeService(text: string): RunningService | undefined {
  const fields = parseObject(text);
  const [role, pid] = [fields['role'], fields['pid']];
  if ((role !== 'switch' && role !== 'master' && role !== 'slave') || typeof pid !== 'number') return undefined;
  const [state, sock, api, group, name] = ['state', 'sock', 'api', 'group', 'name'].map((field) => textOf(fields[field]));
  return { role, pid, state, sock, api, group, name };
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
