import type { Random } from '../../src/random.ts';
import { macOfId, type NodeId } from '../../src/star/identity.ts';
import { messageTypes } from '../../src/wire/dhcp.ts';
import { clientFrameLength, writeClientFrame, type ClientMessage } from '../dhcp/client-frames.ts';
import { readReply, type Reply } from '../dhcp/reply.ts';
import { batchSize, Drafts, Incoming } from '../load/batch.ts';
import { Plug } from '../load/plug.ts';

const localExperimental = 0x88b5; // [IEEE 802, 9.2.4]
const [typeAt, numberAt, frameLength] = [12, 14, 60];

/** How long a station waits for a reply before it asks again, in milliseconds. */
const patience = 500;

/** A lease under way. */
interface Asking {
  message: ClientMessage;
  address: number;
  server: number;
  xid: number;
  sent: number;
  readonly done: (address: number) => void;
}

const frames = new Drafts(frameLength);
const requests = new Drafts(clientFrameLength);
const incoming = new Incoming(1514);

/** A station on the switch of a node, with the MAC address of that node's guest. It plugs in again whenever the switch was started anew. */
export class Station implements Disposable {
  readonly mac: number;
  readonly #plug: Plug;
  readonly #random: Random;
  #asking: Asking | undefined;

  constructor(id: NodeId, directory: string, random: Random) {
    this.mac = macOfId(id);
    this.#plug = new Plug(directory);
    this.#random = random;
  }

  /** Sends a numbered frame to each of the stations. */
  send(others: readonly Station[], number: number): void {
    const { memory } = frames;
    for (const [i, { mac }] of others.entries()) {
      const at = i * frameLength;
      memory.writeUIntBE(mac, at, 6);
      memory.writeUIntBE(this.mac, at + 6, 6);
      memory.writeUInt16BE(localExperimental, at + typeAt);
      memory.writeUInt32BE(number, at + numberAt);
    }
    this.#plug.try((fd) => frames.send(fd, 0, others.length));
  }

  /** Takes what has arrived: `tell` is called with the source and the number of each frame. Asks again for a lease that is late. */
  receive(now: number, tell: (source: number, number: number) => void): void {
    const { memory } = incoming;
    for (let count = batchSize; count === batchSize;) {
      count = this.#plug.try((fd) => incoming.receive(fd));
      for (let i = 0; i < count; i++) {
        const at = incoming.at(i);
        const reply = readReply(memory, at, incoming.lengthOf(i));
        if (reply?.mac === this.mac) this.#take(reply, now);
        else if (memory.readUInt16BE(at + typeAt) === localExperimental && memory.readUIntBE(at, 6) === this.mac)
          tell(memory.readUIntBE(at + 6, 6), memory.readUInt32BE(at + numberAt));
      }
    }
    if (this.#asking && now - this.#asking.sent > patience) this.#ask(now);
  }

  /** Asks for the lease of an address, as after a reboot, or for a new one. Resolves with the address, or with 0 if it is refused. */
  lease(known: number | undefined): Promise<number> {
    return new Promise((resolve) => {
      const message = known === undefined ? 'discover' : 'reboot';
      this.#asking = { message, address: known ?? 0, server: 0, xid: this.#random.uint32(), sent: 0, done: resolve };
    });
  }

  /** Plugs in, if it is not and the switch is there. */
  plugIn(now: number): void {
    this.#plug.plugIn(now);
  }

  [Symbol.dispose](): void {
    this.#plug[Symbol.dispose]();
  }

  #take({ type, xid, address, server }: Reply, now: number): void {
    const asking = this.#asking;
    if (asking?.xid !== xid) return;
    if (type === messageTypes.offer && asking.message === 'discover') {
      Object.assign(asking, { message: 'request', address, server });
      this.#ask(now);
    } else if (type !== messageTypes.offer) {
      this.#asking = undefined;
      asking.done(type === messageTypes.ack ? address : 0);
    }
  }

  #ask(now: number): void {
    const asking = this.#asking;
    if (!asking) return;
    asking.sent = now;
    writeClientFrame(requests.memory, 0, asking.message, { ...asking, mac: this.mac });
    this.#plug.try((fd) => requests.send(fd, 0, 1));
  }
}
