import type { ClientLease } from '../dhcp/client-lease.ts';
import { EtherloomError } from '../errors.ts';
import { Host } from '../host/host.ts';
import type { Ipv6Configuration } from '../host/ipv6-interface.ts';
import { formatIp, isIpv6, type IpAddress } from '../wire/ip.ts';
import type { Ipv4Address } from '../wire/ipv4.ts';
import type { Ipv6Address } from '../wire/ipv6.ts';
import { formatMac, type MacAddress } from '../wire/mac.ts';
import type { Random } from '../random.ts';
import { Crashes } from './crashes.ts';
import type { Fabric } from './fabric.ts';
import { hostRandom, surroundingsOf, type HostProgram, type HostRandom, type LogLine } from './host-program.ts';
import { LabDisk } from './lab-disk.ts';
import { type LabHostOptions, type PingOptions, pingOptionWords } from './lab-host-options.ts';
import { LabStation } from './lab-station.ts';
import { LabUdpSocket, type LabUdpOptions, type UdpProgram } from './lab-udp-socket.ts';
import { onGrid } from './span.ts';
import { checkCount, checkNumber } from './numbers.ts';
import { checkOptions, formatLine, formatWords } from './words.ts';
import { readAddressText, readHost6Address, readHostAddress, readIpv4Text, readIpv6Text, readMacText, type HostAddress } from './names.ts';

/** The target of a ping: a host, or an address in text, of IPv4 or IPv6. */
export type PingTarget = LabHost | string;

const defaultTimeout = 4000;
/** The most rivals that are remembered, so that a station with many addresses does not fill the memory. */
const maxRivals = 16;
const maxLines = 1000;
const maxPing = 0xffff - 28;

/** A host with a network stack: ARP, IPv4, IPv6, ICMP, UDP, a DHCP client. */
export class LabHost extends LabStation {
  /** Chance for its programs, from the seed of the network. */
  readonly random: HostRandom;
  readonly #options: LabHostOptions;
  readonly #ipv4: HostAddress | undefined;
  readonly #ipv6: boolean | Ipv6Configuration;
  readonly #random: Random;
  readonly #programs: HostProgram[] = [];
  readonly #lines: LogLine[] = [];
  readonly #rivals = new Set<MacAddress>();
  readonly #crashes = new Crashes(
    () => this.#fall(),
    () => this.#restart(),
  );
  #stack: Host;
  #disk: LabDisk | undefined;
  #outage: Disposable | undefined;
  #begun = false;
  #disposed = false;

  constructor(name: string, address: HostAddress, mac: MacAddress, options: LabHostOptions, fabric: Fabric) {
    super(name, options.mac === undefined ? mac : readMacText(options.mac), {}, fabric);
    const { dhcp = false, ip, ipv6 = false, ip6, router6, program, diskLatency = 0 } = options;
    checkNumber('the latency of a disk', diskLatency);
    this.#options = options;
    this.#ipv4 = ip === undefined ? (dhcp ? undefined : address) : readHostAddress(ip);
    const router = router6 === undefined ? undefined : readIpv6Text(router6);
    this.#ipv6 = ip6 === undefined ? ipv6 : { ...readHost6Address(ip6), router };
    this.#random = fabric.random(`host ${name}`);
    this.random = hostRandom(fabric.random(`program ${name}`));
    this.#stack = this.#make();
    if (program) this.start(program);
  }

  /** Its network stack. After a crash it is a new one. */
  get stack(): Host {
    return this.#stack;
  }

  /** True if it runs, and has not crashed. */
  override get running(): boolean {
    return !this.#crashes.any && !this.#disposed;
  }

  /** Its disk, which outlives a crash. */
  get disk(): LabDisk {
    return (this.#disk ??= new LabDisk(this.name, this.#options.diskLatency ?? 0, this.fabric));
  }

  /** The last thousand lines that its programs noted. */
  get log(): readonly LogLine[] {
    return this.#lines;
  }

  /** Starts a program, now and after each crash. */
  start(program: HostProgram): void {
    this.#programs.push(program);
    if (this.running) this.fabric.enter(() => this.tell(() => program(surroundingsOf(this))));
  }

  /** Notes a line, as `log` of a program does. */
  note(text: string): void {
    if (this.#lines.length >= maxLines) this.#lines.shift();
    this.#lines.push({ time: this.fabric.timeline.now, text });
  }

  /**
   * Crashes it: its link loses its carrier, and its programs, sockets, timers and memory are lost. When the last of its crashes is disposed
   * it starts again, with its programs and the synced content of its disk.
   */
  crash(): Disposable {
    return this.fabric.fault(
      () => `crash ${this.name}`,
      () => this.#crashes.begin(),
    );
  }

  /** Its IPv4 address; undefined while it has none. */
  get address(): Ipv4Address | undefined {
    return this.#stack.address;
  }

  /** Its link-local IPv6 address; undefined without `ipv6`, and for the first second, in which it asks for other owners of the address. */
  get linkLocal(): Ipv6Address | undefined {
    return this.stack.linkLocal;
  }

  /** The configured IPv6 address; undefined without `ip6`, and in the first second. */
  get address6(): Ipv6Address | undefined {
    return this.stack.address6;
  }

  /** The lease that the DHCP server granted; undefined while there is none. */
  get lease(): ClientLease | undefined {
    return this.stack.dhcp?.lease;
  }

  /** The stations that also use its address, as far as it has received their frames. [RFC 5227] */
  get rivals(): ReadonlySet<MacAddress> {
    return this.#rivals;
  }

  /**
   * Runs the network until the echo is back, and resolves to its time in milliseconds; undefined if it does not come. Throws
   * EtherloomError('busy') if called from within a callback: use `startPing` there, and in a program its tool `ping`.
   */
  async ping(to: PingTarget, options: PingOptions = {}): Promise<number | undefined> {
    const { timeout = defaultTimeout } = options;
    let answer: { readonly time: number | undefined } | undefined;
    this.startPing(to, (time) => (answer = { time }), options);
    await this.fabric.pass(this.fabric.timeline.now + timeout, () => answer !== undefined);
    return answer?.time;
  }

  /** Sends an echo request; `result` is called with the round trip in milliseconds, or undefined if there was no answer in time. */
  startPing(to: PingTarget, result: (time: number | undefined) => void, options: PingOptions = {}): void {
    checkOptions(options, pingOptionWords);
    const { timeout = defaultTimeout, ipv6 = false, size, dontFragment = false } = options;
    if (size !== undefined) checkCount('the size of a ping', size, 0, maxPing);
    checkNumber('the timeout of a ping', timeout);
    this.fabric.checkOpen();
    const target = this.targetOf(to, ipv6);
    const { life } = this;
    const special = { ...(size !== undefined && { size }), ...(dontFragment && { dontFragment }) };
    const tell = (time: number | undefined): void => {
      life.forget(waiting);
      this.fabric.timeline.tell(() => result(time && onGrid(time)));
    };
    // A host that crashes meanwhile never calls back.
    const waiting = { [Symbol.dispose]: () => tell(undefined) };
    this.fabric.act(
      () => formatLine('ping', this.name, formatIp(target), formatWords({ timeout, ...special })),
      () => {
        if (!this.running) {
          this.fabric.timeline.tellAfter(timeout, () => result(undefined));
          return;
        }
        const payload = size === undefined ? {} : { payload: Uint8Array.from({ length: size }, (_, at) => at) };
        this.#stack.ping(target, tell, { timeout, dontFragment, ...payload });
        life.hold(waiting);
      },
    );
  }

  /** Opens a UDP socket; without a port, at a free one. Throws EtherloomError('busy') if the port is taken. */
  udp(port?: number, program?: UdpProgram, options?: LabUdpOptions): LabUdpSocket {
    return new LabUdpSocket(this, port, program, options, this.fabric);
  }

  /** Returns how many octets a packet to an address may have, with all headers, as far as routers on the way have reported. */
  pathMtu(to: PingTarget): number {
    return this.#stack.pathMtu(this.targetOf(to));
  }

  override [Symbol.dispose](): void {
    this.#disposed = true;
    super[Symbol.dispose]();
    this.#stack[Symbol.dispose]();
  }

  protected override hear(frame: Uint8Array): void {
    this.#stack.receive(frame);
  }

  protected override hearCarrier(up: boolean): void {
    // A stack begins with a carrier: so the first carrier is not passed on, and hosts do not announce themselves when they are plugged in.
    if (this.#begun) this.#stack.carrier(up);
    this.#begun ||= up;
  }

  /**
   * Returns the IPv4 address of a target. Throws EtherloomError: `bad-state` if a host has none yet, `bad-option` if it is of another
   * network, `bad-address` for other text.
   */
  addressOf(to: PingTarget): Ipv4Address {
    if (typeof to === 'string') return readIpv4Text(to);
    this.#checkOurs(to);
    // For a host that is down, the address that it will have again.
    const address = to.address ?? to.#ipv4?.address;
    if (address === undefined)
      throw new EtherloomError('bad-state', `${to.name} has no address yet; give it { ip }, or let time pass until its lease`);
    return address;
  }

  /** Returns the address of a target of either family: the IPv4 address of a host, or its link-local IPv6 address. */
  targetOf(to: PingTarget, ipv6 = false): IpAddress {
    if (typeof to === 'string') return readAddressText(to);
    if (!ipv6) return this.addressOf(to);
    this.#checkOurs(to);
    return to.#knownLinkLocal;
  }

  /** Throws EtherloomError('bad-state') for an IPv6 address if it has none itself. */
  checkFamily(address: IpAddress): void {
    if (!isIpv6(address) || this.#ipv6 !== false) return;
    throw new EtherloomError('bad-state', `${this.name} has no IPv6 address, and ${formatIp(address)} is one; make it with { ipv6: true }`);
  }

  #make(): Host {
    const { dhcp = false, router } = this.#options;
    return new Host({
      clock: this.clock,
      random: this.#random,
      mac: this.mac,
      send: (frame) => this.emit(frame),
      onConflict: (other, address) => this.#noteConflict(other, address),
      dhcp,
      ipv6: this.#ipv6,
      ...(this.#ipv4 && { ipv4: { ...this.#ipv4, ...(router !== undefined && { router: readIpv4Text(router) }) } }),
    });
  }

  #fall(): void {
    this.#outage = this.end?.link.cut();
    this.endLife();
    this.#stack[Symbol.dispose]();
    this.#disk?.crash();
    this.#begun = false;
  }

  #restart(): void {
    if (this.#disposed) return;
    this.#stack = this.#make();
    this.#outage?.[Symbol.dispose]();
    for (const program of this.#programs) this.tell(() => program(surroundingsOf(this)));
  }

  #noteConflict(rival: MacAddress, address: IpAddress): void {
    if (this.#rivals.has(rival) || this.#rivals.size >= maxRivals) return;
    this.#rivals.add(rival);
    this.fabric.noteConflict(`${formatIp(address)} of ${this.name} is used by ${this.fabric.nameOf(rival) ?? formatMac(rival)}, too`);
  }

  /** Throws for a host of another network, where another host may have the address. */
  #checkOurs(other: LabHost): void {
    if (other.fabric === this.fabric) return;
    throw new EtherloomError('bad-option', `${other.name} is a host of another network than ${this.name}; name one of the same network`);
  }

  get #knownLinkLocal(): Ipv6Address {
    if (this.linkLocal !== undefined) return this.linkLocal;
    throw new EtherloomError('bad-state', `${this.name} has no IPv6 address; make it with { ipv6: true }, and let a second pass`);
  }
}
