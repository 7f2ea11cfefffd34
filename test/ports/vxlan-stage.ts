import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { onTestFinished } from 'vitest';
import type { IpFamily } from '../../src/system/ip-address.ts';
import { bindIp, udpSocket } from '../../src/system/ip-socket.ts';
import { encodeEthernet } from '../../src/wire/ethernet.ts';
import { broadcastMac, macFromNumber } from '../../src/wire/mac.ts';
import { writeUint32 } from '../../src/wire/octets.ts';
import type { OverlayPort } from '../../src/ports/overlay/overlay-port.ts';
import { openVxlan, type VxlanOptions } from '../../src/ports/overlay/vxlan.ts';
import { eventually } from '../eventually.ts';
import { using, type Rig } from './rig.ts';

/** The two words of the header of network 7. */
export const right = [0x0800_0000, 0x0000_0700] as const;

/** The options that all ports under test have. */
export const usual = { name: 'under test', vni: 7 };

/** Returns a port, not attached yet, that is closed when the test ends. */
export async function openPort(rig: Rig, options: Partial<VxlanOptions> & Pick<VxlanOptions, 'listed' | 'port'>): Promise<OverlayPort> {
  return using(await openVxlan({ ...usual, ...options }, rig.environment));
}

/** Returns a frame from one station with a small number to another, 0 for all stations. */
export function frame(from: number, to: number, length = 60): Uint8Array {
  const destination = to === 0 ? broadcastMac : macFromNumber(0x02_0000_000000 + to);
  const source = macFromNumber(0x02_0000_000000 + from);
  return encodeEthernet({ destination, source, etherType: 0x88b5, payload: new Uint8Array(length - 14) });
}

/** Ports below those that the system assigns, so that no other socket gets one in between. */
const [firstPort, portCount] = [20_000, 12_000];
let tried = process.pid * 97;

/** Returns a UDP port that is free at all addresses of this machine. */
export function freePort(): number {
  for (;;) {
    const port = firstPort + (tried++ % portCount);
    if (isFree(4, '0.0.0.0', port) && isFree(6, '::', port)) return port;
  }
}

function isFree(family: IpFamily, address: string, port: number): boolean {
  const fd = udpSocket(family);
  try {
    bindIp(fd, address, port);
    return true;
  } catch {
    return false;
  } finally {
    closeSync(fd);
  }
}

/** Returns a packet of VXLAN: two words of header, and a frame. */
export function packet(first: number, second: number, frame: Uint8Array): Uint8Array {
  const octets = new Uint8Array(8 + frame.length);
  writeUint32(octets, 0, first);
  writeUint32(octets, 4, second);
  octets.set(frame, 8);
  return octets;
}

/** A packet that a peer received. */
export interface Received {
  readonly payload: Uint8Array;
  readonly sourcePort: number;
}

/** The far end of a tunnel as a plain socket of another program's making. */
export class UdpPeer implements AsyncDisposable {
  readonly received: Received[] = [];
  readonly #socket: Socket;
  #open = true;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (payload, { port }) => this.received.push({ payload: Uint8Array.from(payload), sourcePort: port }));
  }

  /** Returns a peer at an address of this machine, closed when the test ends. */
  static async at(host: string, port = 0): Promise<UdpPeer> {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.bind(port, host);
    await once(socket, 'listening');
    const peer = new UdpPeer(socket);
    onTestFinished(() => peer[Symbol.asyncDispose]());
    return peer;
  }

  /** Returns a peer that receives for a group of hosts by an interface, beside others. */
  static async inGroup(group: string, port: number, name: string): Promise<UdpPeer> {
    const socket = createSocket({ type: group.includes(':') ? 'udp6' : 'udp4', reuseAddr: true });
    socket.bind(port, group);
    await once(socket, 'listening');
    socket.addMembership(group, memberOf(group, name));
    const peer = new UdpPeer(socket);
    onTestFinished(() => peer[Symbol.asyncDispose]());
    return peer;
  }

  /** Makes it send to groups by an interface. */
  sendBy(name: string): void {
    this.#socket.setMulticastInterface(memberOf(this.#socket.address().address, name));
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** Sends a packet to a port at a host, and resolves when the kernel has it. */
  send(payload: Uint8Array, port: number, host: string): Promise<void> {
    return new Promise((resolve, reject) => this.#socket.send(payload, port, host, (error) => (error ? reject(error) : resolve())));
  }

  /** Resolves when so many packets came. */
  async count(packets: number): Promise<readonly Received[]> {
    await eventually(() => {
      if (this.received.length < packets) throw new Error(`${this.received.length} packets came`);
    });
    return this.received;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    const closed = once(this.#socket, 'close');
    this.#socket.close();
    await closed;
  }
}

/** Returns an interface as node:dgram takes it, for groups of the address's family. */
function memberOf(address: string, name: string): string {
  if (address.includes(':')) return `::%${name}`;
  return networkInterfaces()[name]?.find(({ family }) => family === 'IPv4')?.address ?? '0.0.0.0';
}
