import { spawnSync } from 'node:child_process';
import { closeSync } from 'node:fs';
import koffi from 'koffi';
import { beforeEach, expect } from 'vitest';
import { DatagramPort } from '../../src/ports/datagram-port.ts';
import { checked, libc } from '../../src/system/libc.ts';
import { eventually } from '../eventually.ts';
import type { Rig } from './rig.ts';

const CLONE_NEWNET = 0x4000_0000;
const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
const SOL_PACKET = 263;
const PACKET_IGNORE_OUTGOING = 23;
const ETH_P_ALL = 3;

/**
 * Gives a file a network of its own; where this user may not make one, the tests of the caller are skipped, with the reason. Returns whether it
 * has one.
 */
export function useNetworkNamespace(): boolean {
  const reason = enterNamespace();
  beforeEach((context) => {
    if (reason === undefined) return;
    if (process.env['CI'] !== undefined && process.geteuid?.() === 0) throw new Error(`${reason}, and CI must have it`);
    context.skip(reason);
  });
  return reason === undefined;
}

/** Gives the main thread, and the programs that it starts, a network of their own. Returns the reason if that fails. */
function enterNamespace(): string | undefined {
  const unshare = koffi.load(null).func('int unshare(int)') as (flags: number) => number;
  if (unshare(CLONE_NEWNET) !== 0) return 'only root may give this process a network of its own';
  return spawnSync('ip', ['tuntap', 'add', 'probe', 'mode', 'tap']).status === 0
    ? undefined
    : 'this machine has no ip, or no tap interfaces';
}

/** Runs `ip` with these arguments. */
export function ip(...args: readonly string[]): void {
  const { status, stderr } = spawnSync('ip', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`);
}

/** Sets an interface up for frames of any kind up to 9,234 octets, about which the kernel says nothing of its own. */
export function setUp(name: string): void {
  // Before it is up, or it has an IPv6 address and asks for routers.
  ip('link', 'set', name, 'addrgenmode', 'none');
  ip('link', 'set', name, 'mtu', '9220', 'arp', 'off', 'multicast', 'off', 'up');
}

/** Returns the state of an interface as the kernel has it for its users: it sends nothing before `UP`. [RFC 2863, ifOperStatus] */
export function operationalState(name: string): string {
  return linkNamed(name).operstate;
}

/** Resolves when the kernel sends by these interfaces. Cards that were just set up drop packets at first, without an error. */
export async function awaitUp(...names: readonly string[]): Promise<void> {
  await eventually(() => {
    for (const name of names) expect(operationalState(name)).toBe('UP');
  });
}

function linkNamed(name: string): { readonly ifindex: number; readonly operstate: string } {
  const { stdout } = spawnSync('ip', ['-j', 'link', 'show', name], { encoding: 'utf8' });
  return (JSON.parse(stdout) as { ifindex: number; operstate: string }[])[0] ?? { ifindex: 0, operstate: 'none' };
}

/** The host's side of an interface: what it sends goes out there, and what the interface receives comes in. It takes that along. */
export class HostSide extends DatagramPort {
  readonly #name: string;
  readonly #fd: number;

  constructor(name: string, rig: Rig) {
    const fd = packetSocket(name);
    super({ fd, module: 'host', description: name }, rig.environment);
    this.#name = name;
    this.#fd = fd;
  }

  /** Sends a frame at once, however long. */
  inject(frame: Uint8Array): void {
    checked(libc.write(this.#fd, frame, frame.length), 'the host cannot send');
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    // It may be gone with its port.
    spawnSync('ip', ['link', 'delete', this.#name]);
  }
}

function packetSocket(name: string): number {
  const fd = checked(libc.socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0), 'no packet socket');
  try {
    setNumber(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
    setNumber(fd, SOL_SOCKET, SO_RCVBUFFORCE, 16 * 2 ** 20);
    // struct sockaddr_ll: family, protocol in network order, index. [packet(7)]
    const address = Buffer.alloc(20);
    address.writeUInt16LE(AF_PACKET, 0);
    address.writeUInt16BE(ETH_P_ALL, 2);
    address.writeInt32LE(indexOf(name), 4);
    checked(libc.bind(fd, address, address.length), `cannot bind to ${name}`);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function indexOf(name: string): number {
  return linkNamed(name).ifindex;
}

function setNumber(fd: number, level: number, option: number, number: number): void {
  const value = Buffer.alloc(4);
  value.writeInt32LE(number);
  checked(libc.setsockopt(fd, level, option, value, value.length), `cannot set option ${option}`);
}
