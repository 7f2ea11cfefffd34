import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import type { Random } from '../../src/random.ts';
import { messageTypes } from '../../src/wire/dhcp.ts';
import { clientFrameLength, writeClientFrame, type ClientMessage } from '../dhcp/client-frames.ts';
import { readReply, type Reply } from '../dhcp/reply.ts';
import { clientMac } from '../dhcp/spec.ts';
import { attach, type Attachment } from '../load/attach.ts';
import { batchSize, Drafts, Incoming } from '../load/batch.ts';
import { PollSet } from '../load/poll-set.ts';
import { shown, type Claim, type Claims } from './claims.ts';

/** How many clients are in an exchange at a time. */
const window = 50;
/** How long a client waits for an answer before it asks again, in milliseconds, and how often it asks. */
const patience = 1000;
const mostTries = 10;
/** The longest time in which nothing else is done, in milliseconds. */
const nap = 5;
const leaseSeconds = 3600;
/** Of a hundred clients with a lease that are drawn, so many give it back, and so many begin anew; the others ask whether they still have it. */
const [releasing, restarting] = [15, 15];

interface Exchange {
  readonly client: number;
  readonly xid: number;
  /** A client that asks for what belongs to another, and must be refused. */
  readonly isThief: boolean;
  message: ClientMessage;
  address: number;
  server: number;
  tries: number;
  sent: number;
  /** When the last message was sent first, in seconds since 1970. */
  asked: number;
}

/** Clients behind one port of a switch, which believe each ACK. A new object for each time that the switch is started. */
export class Clients implements Disposable {
  acks = 0;
  /** The faults, in words. */
  readonly faults: string[] = [];
  readonly #claims: Claims;
  readonly #random: Random;
  readonly #count: number;
  readonly #attachment: Attachment;
  readonly #set: PollSet;
  readonly #drafts = new Drafts(clientFrameLength);
  readonly #incoming = new Incoming(1514);
  readonly #underWay = new Map<number, Exchange>();
  #newcomers = 0;
  #xid: number;

  constructor(directory: string, claims: Claims, random: Random, count: number) {
    this.#claims = claims;
    this.#random = random;
    this.#count = count;
    this.#xid = random.uint32();
    this.#attachment = attach({ directory });
    this.#set = new PollSet([this.#attachment.fd]);
    this.#set.want(0, { readable: true, writable: false });
  }

  /** Clients come, ask again and go, until `isOver`. */
  async work(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      for (let draws = 0; draws < window && this.#underWay.size < window; draws++) this.#draw();
      await this.#turn();
    }
  }

  /** Lets all clients ask for what they have, and before each a stranger: they must be given it, and the stranger must not. */
  async confirm(): Promise<void> {
    for (const isThief of [true, false]) {
      const asking = this.#claims.all();
      while (asking.length > 0 || this.#underWay.size > 0) {
        while (this.#underWay.size < window && asking.length > 0) this.#claim(asking.pop(), isThief);
        await this.#turn();
      }
    }
  }

  /** Reads what the switch sent before it ended. */
  drain(): void {
    this.#receive();
  }

  [Symbol.dispose](): void {
    this.#attachment[Symbol.dispose]();
  }

  /** Draws a client and its act. Some clients must have no lease, so that addresses are free for others. */
  #draw(): void {
    const client = this.#random.uint32() % this.#count;
    const chance = this.#random.uint32() % 100;
    if (this.#underWay.has(client)) return;
    const claim = this.#claims.of(client);
    if (claim === undefined) {
      if (this.#claims.size + this.#newcomers < (this.#count * 3) / 4) this.#begin({ client, message: 'discover' });
    } else if (chance < releasing) this.#release(claim);
    else this.#begin(chance < releasing + restarting ? { client, message: 'discover' } : { ...claim, message: 'reboot' });
  }

  #claim(claim: Claim | undefined, isThief: boolean): void {
    if (claim === undefined) return;
    const client = isThief ? this.#count + claim.client : claim.client;
    this.#begin({ ...claim, client, message: 'reboot', isThief });
  }

  /** There is no answer to a RELEASE, so a client that sent one has nothing to ask for. */
  #release(claim: Claim): void {
    this.#claims.giveUp(claim);
    this.#send({ ...blank, ...claim, xid: this.#nextXid(), message: 'release' });
  }

  #begin(what: Pick<Exchange, 'client' | 'message'> & Partial<Exchange>): void {
    const exchange = { ...blank, ...what, xid: this.#nextXid() };
    this.#underWay.set(exchange.client, exchange);
    if (this.#isNewcomer(exchange)) this.#newcomers++;
    this.#ask(exchange);
  }

  #end(exchange: Exchange): void {
    if (this.#isNewcomer(exchange)) this.#newcomers--;
    this.#underWay.delete(exchange.client);
  }

  #isNewcomer({ client }: Exchange): boolean {
    return this.#claims.of(client) === undefined;
  }

  #ask(exchange: Exchange): void {
    if (exchange.tries++ === 0) exchange.asked = Math.floor(Date.now() / 1000);
    exchange.sent = performance.now();
    this.#send(exchange);
  }

  /** A frame that the kernel does not take, as when the switch has ended, is lost as on any wire. */
  #send({ client, message, xid, address, server }: Exchange): void {
    writeClientFrame(this.#drafts.memory, 0, message, { mac: clientMac(client), xid, address, server });
    try {
      this.#drafts.send(this.#attachment.fd, 0, 1);
    } catch {
      // The switch was killed.
    }
  }

  async #turn(): Promise<void> {
    if (this.#set.wait(nap) > 0) this.#receive();
    const now = performance.now();
    for (const exchange of this.#underWay.values()) if (now - exchange.sent > patience) this.#askAgain(exchange);
    await turnOfTheLoop();
  }

  #askAgain(exchange: Exchange): void {
    if (exchange.tries < mostTries) {
      this.#ask(exchange);
      return;
    }
    this.#end(exchange);
    // A stranger may well be left without an answer.
    if (!exchange.isThief) this.faults.push(`client ${exchange.client} got no answer to ${mostTries} messages: ${exchange.message}`);
  }

  #receive(): void {
    for (let count = batchSize; count === batchSize;) {
      count = this.#incoming.receive(this.#attachment.fd);
      for (let i = 0; i < count; i++) {
        const reply = readReply(this.#incoming.memory, this.#incoming.at(i), this.#incoming.lengthOf(i));
        if (reply !== undefined) this.#take(reply);
      }
    }
  }

  #take(reply: Reply): void {
    const exchange = this.#underWay.get(reply.mac - clientMac(0));
    if (exchange?.xid !== reply.xid || (reply.type === messageTypes.offer) !== (exchange.message === 'discover')) return;
    if (reply.type === messageTypes.offer) this.#choose(exchange, reply);
    else if (reply.type === messageTypes.ack) this.#bind(exchange, reply);
    else this.#refuse(exchange);
  }

  #choose(exchange: Exchange, { address, server }: Reply): void {
    const claim = this.#claims.of(exchange.client);
    if (claim !== undefined && claim.address !== address)
      this.faults.push(`client ${exchange.client} has ${shown(claim.address)}, and was offered ${shown(address)}`);
    Object.assign(exchange, { message: 'request', address, server, tries: 0 });
    this.#ask(exchange);
  }

  #bind(exchange: Exchange, { address, server }: Reply): void {
    const { client, asked, isThief } = exchange;
    this.#end(exchange);
    this.acks++;
    const fault = isThief
      ? `${shown(address)} was given to a stranger, and client ${client - this.#count} has it`
      : this.#claims.grant({ client, address, server, until: asked + leaseSeconds });
    if (fault !== undefined) this.faults.push(fault);
    if (address !== exchange.address)
      this.faults.push(`client ${client} asked for ${shown(exchange.address)}, and was given ${shown(address)}`);
  }

  #refuse(exchange: Exchange): void {
    this.#end(exchange);
    if (!exchange.isThief) this.faults.push(`client ${exchange.client} was refused ${shown(exchange.address)} (${exchange.message})`);
  }

  #nextXid(): number {
    this.#xid = (this.#xid + 1) >>> 0;
    return this.#xid;
  }
}

const blank: Omit<Exchange, 'client' | 'message' | 'xid'> = { isThief: false, address: 0, server: 0, tries: 0, sent: 0, asked: 0 };
