import { ReceiveRing, SendBatch } from '../../src/system/datagrams.ts';
import { attach, type Attachment } from '../load/attach.ts';

const localExperimental = 0x88b5; // [IEEE 802, 9.2.4]
const fromAt = 10;
const serialAt = 14;
const batchSize = 64;

/** The number of a frame that only says who is there. */
export const greeting = 0xffff_ffff;

const ring = new ReceiveRing(1514);
const batch = new SendBatch(ring);

let peers = 0;

/** A station on a switch, whose frames carry numbers. */
export class Peer implements Disposable {
  readonly name: string;
  readonly fd: number;
  /** Known by this, up to 65,535. */
  readonly number = ++peers & 0xffff;
  sent = 0;
  heard = 0;
  readonly #attachment: Attachment;
  /** Made once, to be sent again and again, by receiver and size. */
  readonly #frames = new Map<string, readonly Uint8Array[]>();

  constructor(directory: string, name: string) {
    this.name = name;
    this.#attachment = attach({ directory, description: name });
    this.fd = this.#attachment.fd;
  }

  /** Sends frames with numbers from `serial` on, as many of `count`, 64 at most, as the kernel takes; returns how many. */
  send(to: Peer | 'all', serial: number, count = 1, size = 60): number {
    const frames = this.#framesTo(to, size);
    // The batch is sent to its end, so the numbers are put on its last frames.
    const first = batchSize - Math.min(count, batchSize);
    for (let i = first; i < batchSize; i++) writeUint32(frames[i], serial + i - first);
    const sent = batch.send(this.fd, frames, first);
    if (typeof sent === 'string') throw new Error(`${this.name} cannot send: ${sent}`);
    this.sent += sent;
    return sent;
  }

  /** Takes the waiting frames, at most a batch, passes on the sender and the number of each, and returns how many there were. */
  receive(tell: (from: number, serial: number) => void): number {
    ring.rewind(1);
    const count = ring.receive(this.fd);
    if (typeof count === 'string') throw new Error(`${this.name} cannot receive: ${count}`);
    this.heard += count;
    for (let i = 0; i < count; i++) {
      const frame = ring.frame(i);
      if (frame) tell(((frame[fromAt] ?? 0) << 8) | (frame[fromAt + 1] ?? 0), readUint32(frame));
    }
    return count;
  }

  [Symbol.dispose](): void {
    this.#attachment[Symbol.dispose]();
  }

  #framesTo(to: Peer | 'all', size: number): readonly Uint8Array[] {
    const key = `${to === 'all' ? to : to.number} ${size}`;
    const known = this.#frames.get(key) ?? Array.from({ length: batchSize }, () => frame(this.number, to === 'all' ? to : to.number, size));
    this.#frames.set(key, known);
    return known;
  }
}

function frame(from: number, to: number | 'all', size: number): Uint8Array {
  const octets = Buffer.alloc(size);
  if (to === 'all') octets.fill(0xff, 0, 6);
  else octets.writeUIntBE(0x0200_0000_0000 + to, 0, 6);
  octets.writeUIntBE(0x0200_0000_0000 + from, 6, 6);
  octets.writeUInt16BE(localExperimental, 12);
  return octets;
}

function writeUint32(octets: Uint8Array | undefined, value: number): void {
  if (!octets) return;
  octets[serialAt] = value >>> 24;
  octets[serialAt + 1] = value >>> 16;
  octets[serialAt + 2] = value >>> 8;
  octets[serialAt + 3] = value;
}

function readUint32(octets: Uint8Array): number {
  const high = ((octets[serialAt] ?? 0) << 8) | (octets[serialAt + 1] ?? 0);
  return high * 65_536 + (((octets[serialAt + 2] ?? 0) << 8) | (octets[serialAt + 3] ?? 0));
}
