/** Opens files with the rights of another user, limited to those of this process. [setfsuid(2), credentials(7)] */
import { SystemError } from '../errors.ts';
import { lastErrno, libc } from './libc.ts';

/** The user and groups whose rights are used. */
export interface Rights {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

/**
 * The number of the system call on each machine. It changes this thread only, whereas the C library's function would change all threads,
 * and so the whole process. [setgroups(2)]
 */
const setgroupsNumbers: Readonly<Record<string, number>> = { x64: 116, arm64: 159 };

const nobody = 0xffffffff;

/**
 * Runs `work`, which opens files, with only those rights that both the given user and this process have. `work` must be synchronous. Throws
 * a SystemError EPERM if that is impossible: this process is neither root nor that user, and that user is not root.
 */
export function withRights<Value>(rights: Rights, work: () => Value): Value {
  const uid = process.geteuid?.() ?? 0;
  // Root, and the user of this process, have all rights of this process.
  if (rights.uid === 0 || rights.uid === uid) return work();
  if (uid !== 0) throw new SystemError('EPERM', `files of uid ${rights.uid} cannot be opened by uid ${uid}`);
  const gid = process.getegid?.() ?? 0;
  const groups = process.getgroups?.() ?? [];
  setGroups(rights.groups);
  try {
    libc.setfsgid(rights.gid);
    libc.setfsuid(rights.uid);
    // These calls do not report failure. They return the current value, so calling them again shows whether the change was made.
    if (libc.setfsuid(nobody) !== rights.uid || libc.setfsgid(nobody) !== rights.gid) {
      throw new SystemError('EPERM', `cannot take the rights of uid ${rights.uid}`);
    }
    return work();
  } finally {
    libc.setfsuid(uid);
    libc.setfsgid(gid);
    setGroups(groups);
  }
}

function setGroups(groups: readonly number[]): void {
  const number = setgroupsNumbers[process.arch];
  if (number === undefined) throw new SystemError('ENOSYS', `groups cannot be set on ${process.arch}`);
  const list = Buffer.alloc(Math.max(4 * groups.length, 4));
  groups.forEach((group, i) => list.writeUInt32LE(group, 4 * i));
  if (libc.syscall(number, groups.length, list) !== 0) throw new SystemError(lastErrno(), 'cannot set groups');
}
