import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { onTestFinished } from 'vitest';
import { bindIp, udpSocket } from '../../src/system/ip-socket.ts';
import { ownName } from '../../src/system/socket-name.ts';
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

/** Returns a UDP port that was free a moment ago at all addresses of this machine. */
export function freePort(): number {
  const fd = udpSocket(6);
  try {
    bindIp(fd, '::', 0);
    const { port } = ownName(fd);
    const other = udpSocket(4);
    try {
      bindIp(other, '0.0.0.0', port);
    } finally {
      closeSync(other);
    }
    return port;
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
