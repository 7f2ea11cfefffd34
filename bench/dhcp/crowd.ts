import { formatIpv4, ipv4FromNumber } from '../../src/wire/ipv4.ts';
import { messageTypes } from '../../src/wire/dhcp.ts';
import { attach, type Attachment } from '../load/attach.ts';
import { batchSize, Drafts, Incoming } from '../load/batch.ts';
import { PollSet } from '../load/poll-set.ts';
import { clientFrameLength, writeClientFrame } from './client-frames.ts';
import { readReply, type Reply } from './reply.ts';
import { clientMac, type DhcpLoadSpec } from './spec.ts';

/** How long a client waits for an answer before it asks again, in milliseconds. [RFC 2131, 4.1] */
const patience = 4000;
/** How often unanswered messages are looked for, in milliseconds. */
const lookInterval = 100;
const longestFrame = 1514;

/** A client in an exchange. */
interface Exchange {
  readonly client: number;
  readonly xid: number;
  message: 'discover' | 'request';
  address: number;
  server: number;
  /** When its last message was sent first, and when it was last sent, in milliseconds. */
  asked: number;
  sent: number;
}

/** A port of the switch, and the frames to send there. */
interface Way {
  readonly attachment: Attachment;
  readonly queue: Exchange[];
}

/** DHCP clients that get leases, again and again in turn. Throws as soon as an answer is wrong. */
export class Crowd implements Disposable {
  exchanges = 0;
  retries = 0;
  strays = 0;
  /** From each REQUEST until its ACK, in microseconds. */
  latencies: number[] = [];
  readonly #spec: DhcpLoadSpec;
  readonly #ways: readonly Way[];
  readonly #set: PollSet;
  readonly #drafts = new Drafts(clientFrameLength);
  readonly #incoming = new Incoming(longestFrame);
  readonly #underWay = new Map<number, Exchange>();
  /** Clients by address, and back. */
  readonly #holders = new Map<number, number>();
  readonly #addresses = new Map<number, number>();
  #next = 0;
  #xid = 0;
  #looked = 0;

  constructor(spec: DhcpLoadSpec) {
    this.#spec = spec;
    this.#ways = Array.from({ length: spec.ports }, () => ({ attachment: attach({ directory: spec.directory }), queue: [] }));
    this.#set = new PollSet(this.#ways.map(({ attachment }) => attachment.fd));
  }

  /** How many clients hold an address. */
  get holders(): number {
    return this.#holders.size;
  }

  /** Goes on with exchanges, at most `window` at a time, until `isDone`; those under way then go on in the next run. */
  run(window: number, isDone: () => boolean): void {
    while (!isDone()) {
      while (this.#underWay.size < window) this.#begin();
      this.#turn();
    }
  }

  /** Ends the exchanges under way, in at most twice the time after which a client asks again. Throws when one has no end. */
  drain(): void {
    const end = performance.now() + 2 * patience;
    while (this.#underWay.size > 0) {
      this.#turn();
      if (performance.now() > end) throw new Error(`${this.#underWay.size} clients got no answer for ${(2 * patience) / 1000} s`);
    }
  }

  [Symbol.dispose](): void {
    for (const { attachment } of this.#ways) attachment[Symbol.dispose]();
  }

  /** The next client in turn, of those that are not in an exchange. */
  #begin(): void {
    while (this.#underWay.has(this.#next)) this.#next = (this.#next + 1) % this.#spec.clients;
    const exchange: Exchange = {
      client: this.#next,
      xid: ++this.#xid,
      message: 'discover',
      address: 0,
      server: 0,
      asked: performance.now(),
      sent: 0,
    };
    this.#next = (this.#next + 1) % this.#spec.clients;
    this.#underWay.set(exchange.client, exchange);
    this.#post(exchange);
  }

  #post(exchange: Exchange): void {
    exchange.sent = performance.now();
    this.#ways[exchange.client % this.#ways.length]?.queue.push(exchange);
  }

  #turn(): void {
    this.#ways.forEach((way, i) => this.#set.want(i, { readable: true, writable: !this.#flush(way) }));
    if (this.#set.wait(lookInterval) > 0) this.#ways.forEach(({ attachment }, i) => this.#set.readable(i) && this.#receive(attachment.fd));
    this.#askAgain();
  }

  /** Sends waiting frames, and returns whether that was all. */
  #flush({ attachment, queue }: Way): boolean {
    while (queue.length > 0) {
      const count = Math.min(queue.length, batchSize);
      for (let i = 0; i < count; i++) this.#write(i, queue[i]);
      const sent = this.#drafts.send(attachment.fd, 0, count);
      queue.splice(0, sent);
      if (sent < count) return false;
    }
    return true;
  }

  #write(i: number, exchange: Exchange | undefined): void {
    if (exchange === undefined) return;
    const { client, message, xid, address, server } = exchange;
    const fields = { mac: clientMac(client), xid, address, server };
    writeClientFrame(this.#drafts.memory, i * clientFrameLength, message, fields);
  }

  #receive(fd: number): void {
    for (let count = batchSize; count === batchSize;) {
      count = this.#incoming.receive(fd);
      for (let i = 0; i < count; i++) {
        const reply = readReply(this.#incoming.memory, this.#incoming.at(i), this.#incoming.lengthOf(i));
        if (reply === undefined) this.strays++;
        else this.#take(reply);
      }
    }
  }

  #take(reply: Reply): void {
    const exchange = this.#underWay.get(reply.mac - clientMac(0));
    if (exchange?.xid !== reply.xid || !answers(reply, exchange)) {
      // An answer that came too late; none does while no client had to ask again.
      if (this.retries === 0) throw new Error(`an answer that no client waits for: ${JSON.stringify({ reply, exchange })}`);
      this.strays++;
    } else if (reply.type === messageTypes.offer) this.#request(exchange, reply);
    else if (reply.type === messageTypes.ack) this.#bind(exchange, reply);
    else throw new Error(`client ${exchange.client} was refused ${shown(exchange.address)}, which it had been offered`);
  }

  #request(exchange: Exchange, { address, server }: Reply): void {
    exchange.message = 'request';
    exchange.address = address;
    exchange.server = server;
    exchange.asked = performance.now();
    this.#post(exchange);
  }

  #bind({ client, address, asked }: Exchange, reply: Reply): void {
    if (reply.address !== address) throw new Error(`client ${client} took ${shown(address)}, and was given ${shown(reply.address)}`);
    const holder = this.#holders.get(address);
    if (holder !== undefined && holder !== client) throw new Error(`clients ${holder} and ${client} both have ${shown(address)}`);
    const before = this.#addresses.get(client);
    if (before !== undefined && before !== address) this.#holders.delete(before);
    this.#holders.set(address, client);
    this.#addresses.set(client, address);
    this.#underWay.delete(client);
    this.exchanges++;
    this.latencies.push((performance.now() - asked) * 1000);
  }

  #askAgain(): void {
    const now = performance.now();
    if (now - this.#looked < lookInterval) return;
    this.#looked = now;
    for (const exchange of this.#underWay.values()) {
      if (now - exchange.sent < patience) continue;
      this.retries++;
      this.#post(exchange);
    }
  }
}

function answers({ type }: Reply, { message }: Exchange): boolean {
  return (type === messageTypes.offer) === (message === 'discover');
}

function shown(address: number): string {
  return formatIpv4(ipv4FromNumber(address));
}
