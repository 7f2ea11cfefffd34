import { attach, type Attachment } from './attach.ts';
import { Outgoing, type Incoming } from './batch.ts';
import { loadType } from './ip-socket.ts';
import type { LoadSpec, Place } from './spec.ts';

const broadcast = 0xffff;

/** One station of a load: its socket, what it says, and what it has heard. */
export class Station implements Disposable {
  readonly fd: number;
  /** True if it sends as fast as it may; else it only speaks now and then. */
  readonly sender: boolean;
  sent = 0;
  /** Frames for it. */
  heard = 0;
  strays = 0;
  readonly #attachment: Attachment;
  readonly #outgoing: Outgoing;
  readonly #number: number;
  readonly #frameSize: number;
  readonly #ipv4: boolean;
  /** True if broadcasts are the load's own; others' do not count. */
  readonly #takesBroadcasts: boolean;
  #ping: Outgoing | undefined;

  constructor(place: Place, number: number, { pattern, stations, frameSize, ipv4 = false }: LoadSpec) {
    this.#attachment = attach(place);
    this.fd = this.#attachment.fd;
    this.#number = number;
    this.#frameSize = frameSize;
    this.#ipv4 = ipv4;
    this.#takesBroadcasts = pattern === 'flood';
    this.sender = pattern === 'all' || number === 0;
    this.#outgoing = this.#outgoingOf(destinations(pattern, number, stations.length));
  }

  /** Sends at most `limit` frames, and returns how many went. */
  send(limit: number): number {
    const sent = this.#outgoing.send(this.fd, limit);
    this.sent += sent;
    return sent;
  }

  /** Sends one frame to one other station; always the same one. Returns whether it went. */
  ping(other: Station): boolean {
    this.#ping ??= this.#outgoingOf([other.#number]);
    return this.#ping.send(this.fd, 1) === 1;
  }

  /** Receives at most one batch, and returns the number of frames, whatever their destination. */
  receive(incoming: Incoming): number {
    const count = incoming.receive(this.fd);
    const own = addressOf(this.#number);
    for (let i = 0; i < count; i++) {
      const to = incoming.destination(i, this.#attachment.received);
      if (to === own || (to === broadcast && this.#takesBroadcasts)) this.heard++;
      else if (to !== broadcast) this.strays++;
    }
    return count;
  }

  [Symbol.dispose](): void {
    this.#attachment[Symbol.dispose]();
  }

  #frameTo(destination: number | 'all'): Uint8Array {
    const octets = frame(destination, this.#number, this.#frameSize);
    if (!this.#ipv4) return octets;
    octets.set([0x08, 0x00], 12);
    octets.set(packet(this.#number, this.#frameSize - 14), 14);
    return octets;
  }

  #outgoingOf(destinations: readonly (number | 'all')[]): Outgoing {
    const { header = new Uint8Array(), to } = this.#attachment;
    const octets = (destination: number | 'all'): Buffer => Buffer.concat([header, this.#frameTo(destination)]);
    return new Outgoing(destinations.map(octets), to);
  }
}

/** Returns the packet of UDP over IPv4 in a frame of a station; the checksums, which no switch reads, are zero. */
function packet(from: number, size: number): Buffer {
  const octets = Buffer.alloc(size);
  octets.set([0x45, 0], 0);
  octets.writeUInt16BE(size, 2);
  octets.set([64, 17], 8);
  octets.writeUInt32BE(0x0a4d_0000 + addressOf(from), 12);
  octets.writeUInt32BE(0x0a4d_0000, 16);
  octets.writeUInt16BE(5001, 20);
  octets.writeUInt16BE(5001, 22);
  return octets;
}

function destinations(pattern: LoadSpec['pattern'], number: number, count: number): readonly (number | 'all')[] {
  if (pattern === 'flood' && number === 0) return ['all'];
  if (pattern !== 'all') return [number === 0 ? 1 : 0];
  return Array.from({ length: count - 1 }, (_, i) => (number + 1 + i) % count);
}

/** Returns the last two octets of a station's address. The others are 02:00:00:00. */
function addressOf(number: number): number {
  return number + 1;
}

function frame(to: number | 'all', from: number, size: number): Uint8Array {
  const octets = Buffer.alloc(size);
  if (to === 'all') octets.fill(0xff, 0, 6);
  else octets.writeUIntBE(0x0200_0000_0000 + addressOf(to), 0, 6);
  octets.writeUIntBE(0x0200_0000_0000 + addressOf(from), 6, 6);
  octets.writeUInt16BE(loadType, 12);
  return octets;
}
