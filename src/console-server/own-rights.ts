import type { Rights } from '../system/rights.ts';

/** Returns the rights of this process. */
export function ownRights(): Rights {
  return { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0, groups: process.getgroups?.() ?? [] };
}
