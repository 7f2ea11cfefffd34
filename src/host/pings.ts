import type { Clock, Timer } from '../clock.ts';
import { EtherloomError } from '../errors.ts';
import { formatIp, isIpv6, type IpAddress } from '../wire/ip.ts';
import { ipv6HeaderLength } from '../wire/ipv6.ts';

/**
 * Called with the outcome of an echo request: the round-trip time in milliseconds. Undefined if no reply came in time, or the request was
 * too long for a link on the path.
 */
export type PingResult = (milliseconds: number | undefined) => void;

/** The options of an echo request. */
export interface PingOptions {
  /** How long to wait for the reply, in milliseconds; 1,000 by default. */
  readonly timeout?: number;
  /** The octets that the reply returns; by default as many as ping(8) sends. */
  readonly payload?: Uint8Array;
  /** True to forbid fragmentation; false by default. */
  readonly dontFragment?: boolean;
}

/** An echo message, of ICMP or ICMPv6. */
export interface Echo {
  readonly identifier: number;
  readonly sequence: number;
  readonly payload: Uint8Array;
}

const defaultTimeout = 1000;
const defaultPayload = Uint8Array.from({ length: 56 }, (_, index) => index);
const maxUnderWay = 1024;
const ipv4AndIcmpHeaders = 28;
const ipv6AndIcmpHeaders = 48;

interface UnderWay<Address> extends Timer {
  readonly to: Address;
  readonly sent: number;
  readonly timer: Timer;
  readonly result: PingResult;
}

/** The echo requests that wait for their answers. [RFC 1122, 3.2.2.6] */
export class Pings<Address> implements Disposable {
  readonly #clock: Clock;
  /** Distinguishes our requests from those of others: 16 bits. */
  readonly #identifier: number;
  readonly #underWay = new Map<number, UnderWay<Address>>();
  #sequence = 0;

  constructor(clock: Clock, identifier: number) {
    this.#clock = clock;
    this.#identifier = identifier;
  }

  /**
   * Makes a request and sends it. Disposing the returned value cancels it: `result` is not called. Throws EtherloomError('busy') if 1,024
   * are pending.
   */
  ask(to: Address, send: (echo: Echo) => void, result: PingResult, options: PingOptions = {}): Disposable {
    const { timeout = defaultTimeout, payload = defaultPayload } = options;
    if (this.#underWay.size >= maxUnderWay)
      throw new EtherloomError('busy', `${maxUnderWay} pings are already pending; wait for some of them`);
    const sequence = this.#nextSequence();
    const timer = this.#clock.after(timeout, () => {
      this.#underWay.delete(sequence);
      result(undefined);
    });
    const dispose = (): void => {
      timer[Symbol.dispose]();
      if (this.#underWay.get(sequence) === ping) this.#underWay.delete(sequence);
    };
    const ping = { to, sent: this.#clock.monotonic(), timer, result, [Symbol.dispose]: dispose };
    this.#underWay.set(sequence, ping);
    send({ identifier: this.#identifier, sequence, payload });
    return ping;
  }

  /** Handles an echo reply. A reply to an unknown request is ignored. */
  receive(from: Address, { identifier, sequence }: Echo): void {
    const ping = this.#underWay.get(sequence);
    if (identifier !== this.#identifier || ping?.to !== from) return;
    ping[Symbol.dispose]();
    ping.result(this.#clock.monotonic() - ping.sent);
  }

  /** Handles a router's report that a request was too long for its next link. */
  refuse(to: Address, identifier: number, sequence: number): void {
    const ping = this.#underWay.get(sequence);
    if (identifier !== this.#identifier || ping?.to !== to) return;
    ping[Symbol.dispose]();
    ping.result(undefined);
  }

  [Symbol.dispose](): void {
    for (const { timer } of this.#underWay.values()) timer[Symbol.dispose]();
    this.#underWay.clear();
  }

  #nextSequence(): number {
    do this.#sequence = (this.#sequence + 1) & 0xffff;
    while (this.#underWay.has(this.#sequence));
    return this.#sequence;
  }
}

/** Throws EtherloomError('bad-option') if an echo request does not fit in a packet, or in `mtu` octets if fragmentation is forbidden. */
export function checkEcho(to: IpAddress, { payload = defaultPayload, dontFragment = false }: PingOptions, mtu: number): void {
  const headers = isIpv6(to) ? ipv6AndIcmpHeaders : ipv4AndIcmpHeaders;
  const longest = isIpv6(to) ? 0xffff + ipv6HeaderLength : 0xffff;
  const most = (dontFragment ? mtu : longest) - headers;
  if (payload.length <= most) return;
  const why = dontFragment ? `the way to ${formatIp(to)} carries` : 'a packet holds';
  throw new EtherloomError('bad-option', `cannot send ${payload.length} octets in one ping: ${why} at most ${most}; send less`);
}
