/** The DHCP server as a station on a bridge: it owns a MAC address and an IPv4 address, and knows the port of every client. */
import type { Clock } from '../clock.ts';
import type { PortNumber } from '../ports/pure/port.ts';
import { decodeArp, type Arp } from '../wire/arp.ts';
import { hardwareAddressOf } from '../wire/dhcp.ts';
import { isTagged, minTaggedFrame, removeTag } from '../wire/dot1q.ts';
import { decodeEthernet, etherTypes, sourceOf } from '../wire/ethernet.ts';
import type { Ipv4Address } from '../wire/ipv4.ts';
import { Alarm } from './alarm.ts';
import { ArpWatch } from './arp-watch.ts';
import type { Bridge } from './bridge.ts';
import type { DhcpConfig } from './config.ts';
import { Declines } from './declines.ts';
import { decide, type Outcome, type Reason } from './engine.ts';
import type { CounterName, DhcpEvent, ServerDrop, Subject } from './events.ts';
import { Leases, type Lease, type LeaseChange } from './leases.ts';
import { Ledger } from './ledger.ts';
import { arpReplyFrame, echoReplyFrame, readPacket, replyFrame, type Packet, type Peer } from './packet.ts';
import type { Sender } from './request.ts';
import type { DhcpServerOptions } from './server-options.ts';

export type { Bridge } from './bridge.ts';
export type { DhcpServerOptions } from './server-options.ts';

type DhcpPacket = Extract<Packet, { kind: 'dhcp' }>;
type Bind = Extract<LeaseChange, { kind: 'bind' }>;
type Quarantine = Extract<LeaseChange, { kind: 'quarantine' }>;

/** The most leases that may wait for the store at once; further clients get no answer, and ask again. */
const maxPending = 4096;

/**
 * Serves until it is disposed.
 *
 * @example
 * ```ts
 * import { dhcpConfig, DhcpServer, realClock, volatileLeaseStore, type Bridge } from 'etherloom/dhcp';
 * import { ipv4FromNumber, macFromNumber, summarize } from 'etherloom/wire';
 *
 * const network = { address: ipv4FromNumber(0x0a4d_0000), prefixLength: 24 };
 * const serverAddress = ipv4FromNumber(0x0a4d_0001);
 * const config = dhcpConfig({ network, serverAddress, serverMac: macFromNumber(0x02_0000_0000_01) });
 * const bridge: Bridge = { send: (frame) => console.log(summarize(frame)), breath: (work) => work() };
 * using server = new DhcpServer({ config, clock: realClock, bridge, store: volatileLeaseStore });
 * server.receive(new Uint8Array(60), 1); // a frame that needs no answer
 * ```
 */
export class DhcpServer implements Disposable {
  /** Counts each frame under the reason for its handling. */
  readonly counters = new Map<CounterName, number>();
  readonly #config: DhcpConfig;
  readonly #clock: Clock;
  readonly #bridge: Bridge;
  readonly #event: (event: DhcpEvent) => void;
  readonly #leases: Leases;
  readonly #ledger: Ledger;
  readonly #watch: ArpWatch;
  readonly #declines: Declines;
  /** The timer for the end of the next lease. */
  readonly #expiry: Alarm;
  #identification = 0;
  #disposed = false;

  constructor({ config, clock, bridge, store, records = [], event = () => undefined }: DhcpServerOptions) {
    this.#config = config;
    this.#clock = clock;
    this.#bridge = bridge;
    this.#event = event;
    this.#leases = new Leases(config);
    this.#leases.restore(records, clock.monotonic(), clock.wall());
    this.#ledger = new Ledger({
      leases: this.#leases,
      store,
      clock,
      failed: (error) => event({ type: 'store-failed', error: error.message }),
      recovered: () => event({ type: 'store-recovered' }),
    });
    this.#watch = new ArpWatch({ config, clock, bridge, leases: this.#leases, event, change: (change) => this.#change(change) });
    this.#declines = new Declines(config);
    this.#expiry = new Alarm(clock, () => {
      this.#expire(this.#clock.monotonic());
      this.#scheduleExpiry();
    });
    this.#scheduleExpiry();
  }

  /** Returns all addresses that are not simply free, in no order. */
  leases(): IterableIterator<Lease> {
    return this.#leases.entries();
  }

  /** Returns the entry of an address; undefined if the address is simply free. */
  lease(address: Ipv4Address): Lease | undefined {
    return this.#leases.at(address);
  }

  /** Ends a lease for a client that is gone; a live client uses its address until it renews. Returns false if there is none. */
  release(address: Ipv4Address): boolean {
    this.#expire(this.#clock.monotonic());
    const isBound = this.#leases.at(address)?.state === 'bound';
    if (isBound) this.#release({ kind: 'release', address });
    this.#scheduleExpiry();
    return isBound;
  }

  /** Handles a frame for the server's port that entered the bridge by its port `ingress`. Borrowed; called in a breath. */
  receive(frame: Uint8Array, ingress: PortNumber): void {
    const packet = readPacket(this.#config, frame);
    if (typeof packet === 'string') {
      this.#count(packet);
      if (packet === 'partial-checksum') this.#event({ type: 'dropped', mac: sourceOf(frame), ingress, reason: packet });
      return;
    }
    switch (packet.kind) {
      case 'arp':
        this.#hearArp(packet.arp, packet.peer, ingress);
        break;
      case 'echo':
        this.#count('echo-reply');
        this.#bridge.send(echoReplyFrame(this.#config, packet.peer, packet.source, packet.echo, this.#nextIdentification()));
        break;
      case 'dhcp':
        this.#serve(packet, ingress);
        break;
    }
  }

  /**
   * Watches a frame that crossed the bridge from port `ingress` in VLAN `vid`, whatever its destination: it shows the user of an address.
   * Borrowed.
   */
  observe(ingress: PortNumber, vid: number, frame: Uint8Array): void {
    if (vid !== this.#config.vid) return;
    const ethernet = decodeEthernet(frame.length >= minTaggedFrame && isTagged(frame) ? removeTag(frame) : frame);
    const arp = ethernet?.etherType === etherTypes.arp ? decodeArp(ethernet.payload) : undefined;
    if (ethernet !== undefined && arp !== undefined) this.#watch.see(arp, ethernet.source, ingress);
  }

  /** Notes that the bridge's port closed, or no longer has a station: the next station behind it is another one. */
  portClosed(port: PortNumber): void {
    this.#leases.closePort(port, this.#clock.monotonic());
    this.#scheduleExpiry();
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#expiry[Symbol.dispose]();
    this.#watch[Symbol.dispose]();
    this.#ledger[Symbol.dispose]();
  }

  #hearArp(arp: Arp, peer: Peer, ingress: PortNumber): void {
    this.#count('arp');
    this.#watch.see(arp, peer.mac, ingress);
    if (arp.operation !== 'request' || arp.targetAddress !== this.#config.serverAddress) return;
    this.#count('arp-reply');
    this.#bridge.send(arpReplyFrame(this.#config, peer, arp));
  }

  #serve({ message, source, unicast, peer }: DhcpPacket, ingress: PortNumber): void {
    const now = this.#clock.monotonic();
    this.#expire(now);
    const mac = hardwareAddressOf(message);
    const home = mac === undefined ? undefined : this.#watch.homeOf(mac, peer.mac, ingress);
    const outcome = decide(
      { config: this.#config, leases: this.#leases, declines: this.#declines },
      { message, ingress, home, source, unicast },
      now,
    );
    this.#count(outcome.reason);
    const { sender, reply, change, reason } = outcome;
    const own = sender === undefined ? undefined : this.#leases.of(sender.key);
    if (own !== undefined && own.mac === sender?.mac && home !== undefined) this.#leases.heard(own.address, home, now);
    if (sender?.twin !== undefined) this.#event({ type: 'duplicate-client', ...this.#whoOf(sender), twin: sender.twin });
    // The reply has views of the borrowed frame, and may have to wait: so it is encoded now.
    const frame = reply === undefined ? undefined : replyFrame(this.#config, reply, peer.tci, this.#nextIdentification());
    if (change?.kind === 'bind' && frame !== undefined) this.#bind(change, reason, frame, peer);
    else if (change?.kind === 'quarantine') this.#decline(change, now);
    else if (reason === 'offered') this.#offer(outcome, frame, peer);
    else if (change?.kind === 'withdraw') this.#leases.apply(change);
    else {
      if (change?.kind === 'release') this.#release(change);
      if (frame !== undefined) this.#bridge.send(frame);
    }
    if (frame === undefined && change === undefined) this.#event({ type: 'dropped', mac: peer.mac, ingress, reason });
    if (sender !== undefined && reason.startsWith('nak-')) this.#event({ type: 'nak', ...this.#whoOf(sender), reason });
    this.#scheduleExpiry();
  }

  #offer({ change, address, sender }: Outcome, frame: Uint8Array | undefined, peer: Peer): void {
    if (address === undefined || sender === undefined || frame === undefined) return;
    const before = this.#leases.at(address);
    const isOwn = before?.key === sender.key;
    const known = isOwn && before.state !== 'idle';
    const reclaimed = !isOwn && before?.state === 'bound' ? this.#subjectOf(before) : undefined;
    if (change !== undefined) {
      // An address that could not be granted is not offered either; an existing lease may be renewed.
      if (this.#ledger.hasFailed) {
        this.#drop('store-failed', sender);
        return;
      }
      this.#leases.apply(change);
    }
    if (reclaimed !== undefined) {
      this.#ledger.keep(address, () => undefined);
      this.#event({ type: 'lease-reclaimed', ...reclaimed });
    }
    this.#bridge.send(frame);
    if (!known) this.#watch.probe(address, peer.tci);
    this.#event({ type: 'lease-offered', ...this.#whoOf(sender), address });
  }

  #bind(change: Bind, reason: Reason, frame: Uint8Array, peer: Peer): void {
    const { address, client, duration } = change;
    const before = this.#leases.at(address);
    // The address was probed when it was offered.
    const isNew = before?.key !== client.key || before.state === 'idle';
    const renews = before?.key === client.key && before.state === 'bound' && before.durable;
    if (this.#ledger.hasFailed && !renews) {
      this.#drop('store-failed', { ...client, mac: peer.mac });
      return;
    }
    if (this.#ledger.pending >= maxPending) {
      this.#drop('store-busy', { ...client, mac: peer.mac });
      return;
    }
    this.#leases.apply(change);
    if (isNew) this.#watch.probe(address, peer.tci);
    this.#ledger.keep(address, (durable) => {
      const lease = this.#leases.at(address);
      if (this.#disposed || lease?.key !== client.key || lease.state !== 'bound') return;
      if (!durable && !renews) {
        this.#leases.apply({ kind: 'withdraw', address });
        this.#drop('store-failed', { ...client, mac: peer.mac });
        return;
      }
      this.#bridge.breath(() => this.#bridge.send(frame));
      this.#event({ type: renews ? 'lease-renewed' : 'lease-bound', ...this.#subjectOf(lease), reason, duration });
    });
  }

  #decline(change: Quarantine, now: number): void {
    const lease = this.#leases.at(change.address);
    if (lease === undefined) return;
    const subject = this.#subjectOf(lease);
    const quarantined = this.#declines.note(lease, change.address, now);
    if (quarantined) this.#change(change);
    else this.#release({ kind: 'release', address: change.address });
    this.#event({ type: 'lease-declined', ...subject, quarantined });
  }

  #release(change: LeaseChange): void {
    const lease = this.#leases.at(change.address);
    if (lease === undefined) return;
    const [subject, wasBound] = [this.#subjectOf(lease), lease.state === 'bound'];
    this.#leases.apply(change);
    if (!wasBound) return;
    this.#ledger.keep(change.address, () => undefined);
    this.#event({ type: 'lease-released', ...subject });
  }

  #change(change: LeaseChange): void {
    const wasKept = this.#leases.at(change.address)?.duration;
    this.#leases.apply(change);
    if (wasKept !== undefined && wasKept > 0) this.#ledger.keep(change.address, () => undefined);
    this.#scheduleExpiry();
  }

  #expire(now: number): void {
    for (const lease of this.#leases.expire(now)) this.#event({ type: 'lease-expired', ...this.#subjectOf(lease) });
  }

  #scheduleExpiry(): void {
    if (!this.#disposed) this.#expiry.setBy(this.#leases.nextExpiry());
  }

  #subjectOf({ mac, address, ingress, hostname }: Lease): Subject {
    return { mac, address, ingress, hostname };
  }

  #whoOf({ mac, ingress, hostname }: Sender): Omit<Subject, 'address'> {
    return { mac, ingress, hostname };
  }

  #drop(reason: ServerDrop, { mac, ingress }: Omit<Subject, 'address' | 'hostname'>): void {
    this.#count(reason);
    this.#event({ type: 'dropped', mac, ingress: ingress ?? 0, reason });
  }

  #count(name: CounterName): void {
    this.counters.set(name, (this.counters.get(name) ?? 0) + 1);
  }

  #nextIdentification(): number {
    this.#identification = (this.#identification + 1) & 0xffff;
    return this.#identification;
  }
}
