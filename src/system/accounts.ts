/** The users and groups of this machine, from all sources that it is configured to use. [nsswitch.conf(5)] */
import { readFileSync } from 'node:fs';
import { libc } from './libc.ts';

/** Returns the number of the user with that name; undefined if there is none. */
export function uidNamed(name: string): number | undefined {
  return libc.getpwnam(name)?.pw_uid;
}

/** Returns the number of the group with that name; undefined if there is none. */
export function gidNamed(name: string): number | undefined {
  return libc.getgrnam(name)?.gr_gid;
}

/** Returns the name of a user; undefined if the user has none. */
export function userName(uid: number): string | undefined {
  return libc.getpwuid(uid)?.pw_name;
}

/** Returns the name of a group; undefined if it has none. */
export function groupName(gid: number): string | undefined {
  return libc.getgrgid(gid)?.gr_name;
}

/** Returns whether a user, given by number, is a member of a group. A user without a name is in no group. */
export function isMember(uid: number, gid: number): boolean {
  const user = libc.getpwuid(uid);
  return user !== undefined && groupsOf(user.pw_name, user.pw_gid).includes(gid);
}

/**
 * Returns whether a number may stand for several users. In a user namespace, the kernel shows all users that it does not map as the
 * overflow uid. [user_namespaces(7)]
 */
export function isAmbiguousUid(uid: number): boolean {
  ambiguous ??= findAmbiguousUid();
  return uid === ambiguous;
}

let ambiguous: number | undefined;

/** Returns the overflow uid; -1 if every number stands for one user. */
function findAmbiguousUid(): number {
  const hasAll = /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'utf8'));
  return hasAll ? -1 : Number(readFileSync('/proc/sys/kernel/overflowuid', 'utf8'));
}

function groupsOf(name: string, gid: number): number[] {
  for (let room = 64; ; room *= 4) {
    const groups = Buffer.alloc(4 * room);
    const count = Buffer.alloc(4);
    count.writeInt32LE(room);
    // -1 means that the list is too small for all groups.
    if (libc.getgrouplist(name, gid, groups, count) < 0 && room < 65_536) continue;
    return Array.from({ length: Math.min(count.readInt32LE(), room) }, (_, i) => groups.readUInt32LE(4 * i));
  }
}
