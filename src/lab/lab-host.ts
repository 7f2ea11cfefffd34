import type { ClientLease } from '../dhcp/client-lease.ts';
import { EtherloomError } from '../errors.ts';
import { Host } from '../host/host.ts';
import { formatIpv4, type Ipv4Address } from '../wire/ipv4.ts';
import { formatIpv6, type Ipv6Address } from '../wire/ipv6.ts';
import { formatMac, type MacAddress } from '../wire/mac.ts';
import type { Fabric } from './fabric.ts';
import { LabStation } from './lab-station.ts';
import { LabUdpSocket, type UdpProgram } from './lab-udp-socket.ts';
import { onGrid } from './span.ts';
import { checkNumber } from './numbers.ts';
import { pingOptionWords } from './vocabularies.ts';
import { checkOptions } from './words.ts';
import { readAddressText, readHostAddress, readIpv4Text, readMacText, type HostAddress } from './names.ts';

/** What a host of the lab is like. Addresses are in text. */
export interface LabHostOptions {
  /** By default one that is made from the order of adding. */
  readonly mac?: string;
  /** Its address, as `10.0.0.1/8`. By default 10.0.0.1/8 of the first station, 10.0.0.2/8 of the second, and so on, or the next one that is free; none with `dhcp`. */
  readonly ip?: string;
  /** The way out of its network. Default: none. */
  readonly router?: string;
  /** Whether it asks for its address. Default: false. */
  readonly dhcp?: boolean;
  /** Whether it has a link-local IPv6 address. Default: false. */
  readonly ipv6?: boolean;
}

/** Who is pinged: a host, or an address in text, of IPv4 or IPv6. */
export type PingTarget = LabHost | string;

/** How a ping is made. */
export interface PingOptions {
  /** How long the answer is waited for, in milliseconds. Default: 4,000: by then ARP has asked three times, and given up. */
  readonly timeout?: number;
  /** Whether a host is pinged by its link-local IPv6 address. Default: false. */
  readonly ipv6?: boolean;
}

const defaultTimeout = 4000;
/** Who claims to be everybody fills no memory. */
const maxRivals = 16;

/** A host with a network stack: ARP, IPv4, ICMP, UDP, a DHCP client, IPv6 on the link. */
export class LabHost extends LabStation {
  /** Its network stack. */
  readonly stack: Host;
  readonly #rivals = new Set<MacAddress>();
  #begun = false;

  constructor(name: string, address: HostAddress, mac: MacAddress, options: LabHostOptions, fabric: Fabric) {
    super(name, options.mac === undefined ? mac : readMacText(options.mac), {}, fabric);
    const { dhcp = false, ipv6 = false, ip, router } = options;
    const ipv4 = ip === undefined ? (dhcp ? undefined : address) : readHostAddress(ip);
    this.stack = new Host({
      clock: this.clock,
      random: fabric.random(`host ${name}`),
      mac: this.mac,
      send: (frame) => this.emit(frame),
      onConflict: (other) => this.#noteConflict(other),
      ...{ dhcp, ipv6 },
      ...(ipv4 && { ipv4: { ...ipv4, ...(router !== undefined && { router: readIpv4Text(router) }) } }),
    });
  }

  /** Its IPv4 address; undefined while it has none. */
  get address(): Ipv4Address | undefined {
    return this.stack.address;
  }

  /** Its IPv6 address on the link; undefined without `ipv6`, and for the first second, in which it asks whether somebody else has it. */
  get linkLocal(): Ipv6Address | undefined {
    return this.stack.linkLocal;
  }

  /** What the DHCP server granted; undefined while there is nothing. */
  get lease(): ClientLease | undefined {
    return this.stack.dhcp?.lease;
  }

  /** The stations that use its address, too, as far as it has heard of them. [RFC 5227] */
  get rivals(): ReadonlySet<MacAddress> {
    return this.#rivals;
  }

  /**
   * Runs the network until the echo is back, and tells how long it took, in milliseconds; undefined when it does not come. Throws
   * EtherloomError('busy') when the network runs already: what is called back by the lab uses `startPing`.
   */
  async ping(to: PingTarget, options: PingOptions = {}): Promise<number | undefined> {
    const { timeout = defaultTimeout } = options;
    let answer: { readonly time: number | undefined } | undefined;
    this.startPing(to, (time) => (answer = { time }), options);
    await this.fabric.pass(this.fabric.timeline.now + timeout, () => answer !== undefined);
    return answer?.time;
  }

  /** Sends an echo request; `result` is told the round trip in milliseconds, or undefined when there was no answer in time. */
  startPing(to: PingTarget, result: (time: number | undefined) => void, options: PingOptions = {}): void {
    const { timeout = defaultTimeout, ipv6 = false } = options;
    checkOptions(options, pingOptionWords);
    checkNumber('the timeout of a ping', timeout);
    this.fabric.checkOpen();
    if (typeof to !== 'string') this.#checkOurs(to);
    const target = typeof to === 'string' ? readAddressText(to) : ipv6 ? to.#knownLinkLocal : this.addressOf(to);
    this.fabric.act(
      () => `ping ${this.name} ${typeof target === 'bigint' ? formatIpv6(target) : formatIpv4(target)} timeout ${timeout}`,
      () => this.stack.ping(target, (time) => this.fabric.timeline.tell(() => result(time && onGrid(time))), { timeout }),
    );
  }

  /** Opens a UDP socket; without a port, at one that is free. Throws EtherloomError('busy') when the port is taken. */
  udp(port?: number, program?: UdpProgram): LabUdpSocket {
    return new LabUdpSocket(this, port, program, this.fabric);
  }

  override [Symbol.dispose](): void {
    this.stack[Symbol.dispose]();
  }

  protected override hear(frame: Uint8Array): void {
    this.stack.receive(frame);
  }

  protected override hearCarrier(up: boolean): void {
    // A stack begins with a carrier: the first one is no news, and hosts that are plugged in do not announce themselves.
    if (this.#begun) this.stack.carrier(up);
    this.#begun ||= up;
  }

  /**
   * The IPv4 address of whoever is meant. Throws EtherloomError: `bad-state` when a host has none yet, `bad-option` when it is of another network,
   * `bad-address` for other text.
   */
  addressOf(to: PingTarget): Ipv4Address {
    if (typeof to === 'string') return readIpv4Text(to);
    this.#checkOurs(to);
    if (to.address === undefined)
      throw new EtherloomError('bad-state', `${to.name} has no address yet; give it { ip }, or let time pass until its lease`);
    return to.address;
  }

  #noteConflict(rival: MacAddress): void {
    if (this.#rivals.has(rival) || this.#rivals.size >= maxRivals) return;
    this.#rivals.add(rival);
    const what = this.address === undefined ? 'the IPv6 address' : formatIpv4(this.address);
    this.fabric.noteConflict(`${what} of ${this.name} is used by ${this.fabric.nameOf(rival) ?? formatMac(rival)}, too`);
  }

  /** In another network somebody else may have the address. */
  #checkOurs(other: LabHost): void {
    if (other.fabric === this.fabric) return;
    throw new EtherloomError('bad-option', `${other.name} is a host of another network than ${this.name}; name one of the same network`);
  }

  get #knownLinkLocal(): Ipv6Address {
    if (this.linkLocal !== undefined) return this.linkLocal;
    throw new EtherloomError('bad-state', `${this.name} has no IPv6 address; make it with { ipv6: true }, and let a second pass`);
  }
}
