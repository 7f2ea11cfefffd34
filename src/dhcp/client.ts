/** A DHCP client as a state machine: messages in and out, time and chance as arguments. [RFC 2131, 4.4] */
import type { Clock, Timer } from '../clock.ts';
import type { Random } from '../random.ts';
import { chaddrOf, dhcpOps, hardwareAddressOf, messageTypeOf, messageTypes, optionCodes, type DhcpMessage } from '../wire/dhcp.ts';
import { limitedBroadcast, unspecifiedIpv4, type Ipv4Address } from '../wire/ipv4.ts';
import type { MacAddress } from '../wire/mac.ts';
import { clientLeaseOf, type ClientLease } from './client-lease.ts';
import { decodeAddress, encodeAddresses, encodeText, encodeUint16 } from './options.ts';

/** The state of a client. [RFC 2131, figure 5] */
export type ClientState = 'INIT' | 'SELECTING' | 'REQUESTING' | 'REBOOTING' | 'BOUND' | 'RENEWING' | 'REBINDING' | 'STOPPED';

/** The options of a client. */
export interface DhcpClientOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly mac: MacAddress;
  /** Option 61; not sent by default. */
  readonly clientIdentifier?: Uint8Array;
  readonly hostname?: string;
  /** The codes of option 55; mask, router, DNS server, domain, MTU, broadcast, search and routes by default. */
  readonly parameters?: readonly number[];
  /** True if the client cannot receive unicast before it has its address; false by default. */
  readonly broadcast?: boolean;
  /** The client's former address: with it the client begins in INIT-REBOOT. */
  readonly lastAddress?: Ipv4Address;
  /** Milliseconds until the first message is repeated, 4,000 by default; doubled each time up to 64,000. A lower value suits a link without loss. */
  readonly firstRetry?: number;
  /** Sends a message to port 67 of `to`, the broadcast address or a server. Until there is a lease the source is 0.0.0.0. */
  readonly send: (message: DhcpMessage, to: Ipv4Address) => void;
  /** Called when a lease was granted or has changed, and with undefined when it has ended. */
  readonly onLease: (lease: ClientLease | undefined) => void;
}

const defaultParameters: readonly number[] = [
  optionCodes.subnetMask,
  optionCodes.router,
  optionCodes.domainNameServer,
  optionCodes.domainName,
  optionCodes.interfaceMtu,
  optionCodes.broadcastAddress,
  optionCodes.domainSearch,
  optionCodes.classlessRoutes,
];

/** The states in which the known lease may be used; in REBOOTING that holds after `reboot`. */
const leaseStates: readonly ClientState[] = ['REBOOTING', 'BOUND', 'RENEWING', 'REBINDING'];

/** The client receives datagrams of this size. */
const maximumMessageSize = 1500;
const defaultRetry = 4000;
const longestRetry = 64_000;
/** The number of unanswered REQUESTs after which the offer is given up. [RFC 2131, 4.4.5 leaves the number open] */
const maxRequests = 4;
/** Milliseconds between two REQUESTs while the lease lasts. [RFC 2131, 4.4.5] */
const leastRenewal = 60_000;
/** Milliseconds that a client waits after a DECLINE. [RFC 2131, 3.1, 5] */
const declineWait = 10_000;
/** The longest delay that a timer accepts, in milliseconds. */
const maxDelay = 0x7fff_ffff;

/**
 * Begins at once to get a lease and keeps it until it is disposed.
 *
 * @example
 * ```ts
 * import { DhcpClient, realClock } from 'etherloom/dhcp';
 * import { formatIpv4, macFromNumber, messageTypeOf } from 'etherloom/wire';
 *
 * using client = new DhcpClient({
 *   clock: realClock,
 *   random: { uint32: () => 7 },
 *   mac: macFromNumber(0x02_0000_0000_02),
 *   send: (message, to) => console.log(`message ${messageTypeOf(message)} to ${formatIpv4(to)}`),
 *   onLease: (lease) => console.log(lease),
 * });
 * ```
 */
export class DhcpClient implements Disposable {
  readonly #options: DhcpClientOptions;
  #state: ClientState = 'INIT';
  #xid = 0;
  /** Milliseconds: the start of the exchange, and the time of the last REQUEST, from which its lease would count. */
  #begun = 0;
  #requested = 0;
  /** The time of the REQUEST from which the lease counts. */
  #leased = 0;
  #tries = 0;
  /** The lease that was offered or granted. */
  #lease: ClientLease | undefined;
  #timer: Timer | undefined;

  constructor(options: DhcpClientOptions) {
    this.#options = options;
    // Deferred: the owner does not hold the client yet.
    this.#after(0, () => this.#begin(options.lastAddress));
  }

  get state(): ClientState {
    return this.#state;
  }

  /** The lease; undefined while there is none. */
  get lease(): ClientLease | undefined {
    return leaseStates.includes(this.#state) ? this.#lease : undefined;
  }

  /** Handles a message that came to port 68. A message that is not for this client, or does not fit its state, is ignored. */
  receive(message: DhcpMessage): void {
    if (message.op !== dhcpOps.reply || message.xid !== this.#xid || hardwareAddressOf(message) !== this.#options.mac) return;
    const type = messageTypeOf(message);
    if (type === messageTypes.offer && this.#state === 'SELECTING') {
      this.#select(message);
    } else if (type === messageTypes.ack && this.#awaits(message)) {
      this.#bind(message);
    } else if (type === messageTypes.nak && this.#awaits(message)) {
      // A server that refuses its own recent offer would otherwise be asked without end.
      const delay = this.#state === 'REQUESTING' ? (this.#options.firstRetry ?? defaultRetry) : 0;
      this.#lose();
      this.#after(delay, () => this.#begin(undefined));
    }
  }

  /** Gives the lease back and stops. [RFC 2131, 4.4.6] */
  release(): void {
    const { lease } = this;
    if (lease !== undefined) {
      this.#newExchange();
      this.#send('release', { ciaddr: lease.address, server: lease.server, to: lease.server });
      this.#lose();
    }
    this[Symbol.dispose]();
  }

  /** Gives up an address that another host uses, and starts over after ten seconds. Has no effect without a lease. [RFC 2131, 4.4.1] */
  decline(): void {
    const { lease } = this;
    if (lease === undefined) return;
    this.#newExchange();
    this.#send('decline', { requested: lease.address, server: lease.server });
    this.#lose();
    this.#after(declineWait, () => this.#begin(undefined));
  }

  /**
   * Handles the return of the link, possibly to another network: asks for the current address, in INIT-REBOOT, or starts over without one. A
   * lease remains until it ends or a server refuses it. [RFC 2131, 3.2, 3.7]
   */
  reboot(): void {
    if (this.#state !== 'STOPPED') this.#begin(this.lease?.address);
  }

  /** Stops without a message: the server keeps the lease for the client's return. */
  [Symbol.dispose](): void {
    this.#state = 'STOPPED';
    this.#timer?.[Symbol.dispose]();
  }

  /** Enters INIT, or INIT-REBOOT with an address. */
  #begin(lastAddress: Ipv4Address | undefined): void {
    this.#newExchange();
    this.#state = lastAddress === undefined ? 'SELECTING' : 'REBOOTING';
    this.#ask(lastAddress);
  }

  /** Sends DISCOVER or REQUEST, again and again until an answer comes. */
  #ask(address: Ipv4Address | undefined): void {
    this.#tries++;
    // The timer is set first: an answer may come before `send` returns.
    this.#after(Math.min(this.#backOff(), this.#left), () => {
      if (this.lease !== undefined && (this.#tries >= maxRequests || this.#left <= 0)) this.#renew('RENEWING');
      else if (this.#state !== 'SELECTING' && this.#tries >= maxRequests) this.#begin(undefined);
      else this.#ask(address);
    });
    this.#requested = this.#options.clock.monotonic();
    const server = this.#state === 'REQUESTING' ? this.#lease?.server : undefined;
    if (this.#state === 'SELECTING') this.#send('discover', {});
    else this.#send('request', { requested: address, server });
  }

  #select(message: DhcpMessage): void {
    const offer = clientLeaseOf(message);
    if (offer === undefined) return;
    this.#lease = offer;
    this.#state = 'REQUESTING';
    this.#tries = 0;
    this.#ask(offer.address);
  }

  /** Returns whether an ACK or NAK is for the last REQUEST: only the server that made the offer may refuse it. */
  #awaits(message: DhcpMessage): boolean {
    const server = decodeAddress(message.options.get(optionCodes.serverIdentifier));
    if (this.#state === 'REQUESTING') return server === this.#lease?.server;
    return this.#state === 'REBOOTING' || this.#state === 'RENEWING' || this.#state === 'REBINDING';
  }

  #bind(message: DhcpMessage): void {
    const lease = clientLeaseOf(message);
    if (lease === undefined) return;
    this.#lease = lease;
    this.#leased = this.#requested;
    this.#state = 'BOUND';
    if (lease.leaseTime === Infinity) this.#timer?.[Symbol.dispose]();
    else this.#at(this.#requested + lease.renewalTime * 1000, () => this.#renew('RENEWING'));
    this.#options.onLease(lease);
  }

  /** Sends REQUESTs, RENEWING from T1 on, REBINDING from T2 on; each after half of the time left. [RFC 2131, 4.4.5] */
  #renew(state: 'RENEWING' | 'REBINDING'): void {
    const lease = this.#lease;
    if (lease === undefined) return;
    const now = this.#options.clock.monotonic();
    const end = this.#leased + (state === 'RENEWING' ? lease.rebindingTime : lease.leaseTime) * 1000;
    if (now >= end) {
      if (state === 'RENEWING') this.#renew('REBINDING');
      else this.#expire();
      return;
    }
    if (this.#state !== state) this.#newExchange();
    this.#state = state;
    this.#requested = now;
    this.#at(Math.min(end, now + Math.max((end - now) / 2, leastRenewal)), () => this.#renew(state));
    this.#send('request', { ciaddr: lease.address, to: state === 'RENEWING' ? lease.server : limitedBroadcast });
  }

  #expire(): void {
    this.#lose();
    this.#begin(undefined);
  }

  #lose(): void {
    const had = this.lease !== undefined;
    this.#state = 'INIT';
    this.#lease = undefined;
    if (had) this.#options.onLease(undefined);
  }

  #newExchange(): void {
    this.#xid = this.#options.random.uint32();
    this.#begun = this.#options.clock.monotonic();
    this.#tries = 0;
  }

  #send(type: keyof typeof messageTypes, content: Content): void {
    const { mac, broadcast = false, clientIdentifier, send } = this.#options;
    const options = new Map<number, Uint8Array>([[optionCodes.messageType, Uint8Array.of(messageTypes[type])]]);
    if (clientIdentifier !== undefined) options.set(optionCodes.clientIdentifier, clientIdentifier);
    if (content.requested !== undefined) options.set(optionCodes.requestedAddress, encodeAddresses(content.requested));
    if (content.server !== undefined) options.set(optionCodes.serverIdentifier, encodeAddresses(content.server));
    if (type === 'discover' || type === 'request') this.#addWishes(options);
    const nothing = new Uint8Array(0);
    const none = unspecifiedIpv4;
    const addresses = { ciaddr: content.ciaddr ?? none, yiaddr: none, siaddr: none, giaddr: none };
    const header = { op: dhcpOps.request, htype: 1, hlen: 6, hops: 0, xid: this.#xid, secs: this.#seconds(), broadcast };
    const fields = { chaddr: chaddrOf(mac), sname: nothing, file: nothing };
    send({ ...header, ...addresses, ...fields, options }, content.to ?? limitedBroadcast);
  }

  #addWishes(options: Map<number, Uint8Array>): void {
    const { hostname, parameters = defaultParameters } = this.#options;
    options.set(optionCodes.maximumMessageSize, encodeUint16(maximumMessageSize));
    if (hostname !== undefined) options.set(optionCodes.hostName, encodeText(hostname));
    options.set(optionCodes.parameterRequestList, Uint8Array.from(parameters));
  }

  /** Milliseconds until the lease ends; Infinity without one. */
  get #left(): number {
    return this.lease === undefined ? Infinity : this.#leased + this.lease.leaseTime * 1000 - this.#options.clock.monotonic();
  }

  #seconds(): number {
    return Math.min(Math.floor((this.#options.clock.monotonic() - this.#begun) / 1000), 0xffff);
  }

  /** Returns the next delay: doubled each time, and varied by up to a second, or a quarter of the first delay. [RFC 2131, 4.1] */
  #backOff(): number {
    const { random, firstRetry = defaultRetry } = this.#options;
    const spread = Math.min(1000, firstRetry / 4);
    return Math.min(firstRetry * 2 ** (this.#tries - 1), longestRetry) + (random.uint32() / 0xffff_ffff - 0.5) * 2 * spread;
  }

  #at(time: number, run: () => void): void {
    const delay = Math.max(0, time - this.#options.clock.monotonic());
    if (delay > maxDelay) this.#after(maxDelay, () => this.#at(time, run));
    else this.#after(delay, run);
  }

  #after(delay: number, run: () => void): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#options.clock.after(delay, run);
  }
}

interface Content {
  readonly ciaddr?: Ipv4Address;
  readonly requested?: Ipv4Address | undefined;
  readonly server?: Ipv4Address | undefined;
  readonly to?: Ipv4Address;
}
