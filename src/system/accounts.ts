/** The users and groups of this machine, wherever it has them from. [nsswitch.conf(5)] */
import { readFileSync } from 'node:fs';
import { libc } from './libc.ts';

/** The number of a user by his name; undefined when there is none. */
export function uidNamed(name: string): number | undefined {
  return libc.getpwnam(name)?.pw_uid;
}

/** The number of a group by its name; undefined when there is none. */
export function gidNamed(name: string): number | undefined {
  return libc.getgrnam(name)?.gr_gid;
}

/** The name of a user; undefined when he has none. */
export function userName(uid: number): string | undefined {
  return libc.getpwuid(uid)?.pw_name;
}

/** The name of a group; undefined when it has none. */
export function groupName(gid: number): string | undefined {
  return libc.getgrgid(gid)?.gr_name;
}

/** Whether the machine counts a user, by his number, among the members of a group. One without a name is in none. */
export function isMember(uid: number, gid: number): boolean {
  const user = libc.getpwuid(uid);
  return user !== undefined && groupsOf(user.pw_name, user.pw_gid).includes(gid);
}

/**
 * Whether this number may stand for any user: in a user namespace that does not have all users, the kernel shows those that it does not
 * have as the overflow uid. [user_namespaces(7)]
 */
export function isAmbiguousUid(uid: number): boolean {
  ambiguous ??= findAmbiguousUid();
  return uid === ambiguous;
}

let ambiguous: number | undefined;

/** -1 where each number stands for one user. */
function findAmbiguousUid(): number {
  const hasAll = /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'utf8'));
  return hasAll ? -1 : Number(readFileSync('/proc/sys/kernel/overflowuid', 'utf8'));
}

function groupsOf(name: string, gid: number): number[] {
  for (let room = 64; ; room *= 4) {
    const groups = Buffer.alloc(4 * room);
    const count = Buffer.alloc(4);
    count.writeInt32LE(room);
    // -1 says that there are more than there was room for.
    if (libc.getgrouplist(name, gid, groups, count) < 0 && room < 65_536) continue;
    return Array.from({ length: Math.min(count.readInt32LE(), room) }, (_, i) => groups.readUInt32LE(4 * i));
  }
}
