import { broadcastMac } from '../../src/wire/mac.ts';
import { shortcutType } from '../../src/switch/shortcut-frame.ts';
import { batchSize, Drafts, Incoming } from '../load/batch.ts';
import { Plug } from '../load/plug.ts';

const localExperimental = 0x88b5; // [IEEE 802, 9.2.4]
const [typeAt, numberAt, setAt] = [12, 14, 18];

/** The length of each numbered frame, in octets. */
export const frameLength = 60;

const frames = new Drafts(frameLength);
const incoming = new Incoming(1514);

/** A numbered frame of a station. */
export interface Numbered {
  /** The MAC address of the receiver. */
  readonly to: number;
  readonly number: number;
}

/** A numbered frame that a station received. */
export interface Heard extends Numbered {
  /** The MAC address of the sender. */
  readonly from: number;
}

/** A station on the switch of a node, which sends and receives numbered frames. */
export class Station implements Disposable {
  readonly mac: number;
  /** The number of frames about shortcuts that came for it: there must be none. Those for an unknown station are flooded, as any frame. */
  control = 0;
  readonly #plug: Plug;
  /** The number of the set to which it belongs. Frames of another are still on their way from an earlier time, and do not count. */
  readonly #set: number;

  /** `set` is the number of its set. */
  constructor(mac: number, directory: string, set = 0) {
    this.mac = mac;
    this.#plug = new Plug(directory);
    this.#set = set;
  }

  /** Sends frames, at most a batch, and returns how many the switch took: the first ones. */
  send(numbered: readonly Numbered[]): number {
    const { memory } = frames;
    for (const [i, { to, number }] of numbered.entries()) {
      const at = i * frameLength;
      memory.writeUIntBE(to, at, 6);
      memory.writeUIntBE(this.mac, at + 6, 6);
      memory.writeUInt16BE(localExperimental, at + typeAt);
      memory.writeUInt32BE(number, at + numberAt);
      memory.writeUInt32BE(this.#set, at + setAt);
    }
    return this.#plug.try((fd) => frames.send(fd, 0, numbered.length));
  }

  /** Calls `tell` with each numbered frame that has arrived. */
  receive(tell: (heard: Heard) => void): void {
    const { memory } = incoming;
    for (let count = batchSize; count === batchSize;) {
      count = this.#plug.try((fd) => incoming.receive(fd));
      for (let i = 0; i < count; i++) {
        const at = incoming.at(i);
        const type = memory.readUInt16BE(at + typeAt);
        if (type === shortcutType && memory.readUIntBE(at, 6) === this.mac) this.control += 1;
        if (type !== localExperimental || memory.readUInt32BE(at + setAt) !== this.#set) continue;
        tell({ to: memory.readUIntBE(at, 6), from: memory.readUIntBE(at + 6, 6), number: memory.readUInt32BE(at + numberAt) });
      }
    }
  }

  /** Plugs in, if it is not and the switch is there. */
  plugIn(now: number): void {
    this.#plug.plugIn(now);
  }

  [Symbol.dispose](): void {
    this.#plug[Symbol.dispose]();
  }
}

/** The receiver of broadcasts. */
export const all: number = broadcastMac;
