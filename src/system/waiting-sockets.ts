/** The sockets that wait at the TCP and UDP ports of this machine, and their processes. [proc(5): /proc/net/tcp] */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { endianness } from 'node:os';

/** A listening TCP socket, or a bound UDP socket. */
export interface WaitingSocket {
  /** The address in dotted decimal; `::` and the like are shown as `*`. */
  readonly address: string;
  readonly inode: string;
}

/** A process, as far as this user may know about it. */
export interface SocketHolder {
  readonly pid: number;
  readonly name: string;
}

/** TCP_LISTEN for TCP. TCP_CLOSE for UDP, which is the state of unconnected UDP sockets. */
const waitingState = { tcp: '0A', udp: '07' };

/** Returns the sockets that wait at a port, over IPv4 and IPv6. */
export function socketsAt(protocol: 'tcp' | 'udp', port: number): readonly WaitingSocket[] {
  const rows = [`/proc/net/${protocol}`, `/proc/net/${protocol}6`].flatMap(rowsOf);
  return rows.filter((row) => row.port === port && row.state === waitingState[protocol]);
}

/** Returns a process that has a socket open; undefined if this user may not see it. */
export function holderOf(inode: string): SocketHolder | undefined {
  const pid = readdirSync('/proc')
    .map(Number)
    .find((one) => one > 0 && hasSocket(one, inode));
  return pid === undefined ? undefined : { pid, name: nameOf(pid) };
}

/** Returns whether a process has a socket open. */
export function hasSocket(pid: number, inode: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => targetOf(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`);
  } catch {
    return false; // it has ended, or belongs to another user
  }
}

function rowsOf(file: string): (WaitingSocket & { readonly port: number; readonly state: string })[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return []; // a machine without IPv6
  }
  return text.split('\n').flatMap((line) => {
    const [, local = '', , state = '', , , , , , inode = ''] = line.trim().split(/\s+/);
    const [address = '', port = ''] = local.split(':');
    return port === '' ? [] : [{ address: addressOf(address), port: parseInt(port, 16), state, inode }];
  });
}

/** Parses four octets, which the kernel writes as a number in the byte order of this machine. */
function addressOf(hex: string): string {
  if (hex.length !== 8) return '*';
  const octets = [...Buffer.from(hex, 'hex')];
  return (endianness() === 'LE' ? octets.reverse() : octets).join('.');
}

function targetOf(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return 'unknown';
  }
}
