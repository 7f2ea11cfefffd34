import { readdirSync } from 'node:fs';
import { libc } from '../../src/system/libc.ts';

const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;

/** Returns how many TCP sockets of this process have TCP_NODELAY set. */
export function noDelays(): number {
  return readdirSync('/proc/self/fd').filter((fd) => hasNoDelay(Number(fd))).length;
}

function hasNoDelay(fd: number): boolean {
  const value = Buffer.alloc(4);
  const length = Buffer.from([4, 0, 0, 0]);
  return libc.getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, value, length) === 0 && value.readInt32LE(0) !== 0;
}
