import type { Clock } from '../clock.ts';
import type { Random } from '../random.ts';
import { sourceOf } from '../wire/ethernet.ts';
import { decodeIcmpEcho, decodeIcmpUnreachable, encodeIcmpEcho, unreachableCodes } from '../wire/icmp.ts';
import { isIpv6 } from '../wire/ip.ts';
import { decodeIpv4, ipProtocols, isIpv4Multicast, unspecifiedIpv4, type Ipv4, type Ipv4Address } from '../wire/ipv4.ts';
import type { MacAddress } from '../wire/mac.ts';
import { decodeUdp, encodeUdp, type Udp } from '../wire/udp.ts';
import { Ipv4Interface } from './ipv4-interface.ts';
import type { Echo } from './pings.ts';
import { hearTooLong, type Senders } from './senders.ts';
import type { UdpOptions } from './udp-sockets.ts';

/** The options of UDP and ICMP over IPv4. */
export interface Ipv4TransportOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly mac: MacAddress;
  readonly send: (frame: Uint8Array) => void;
  /** Returns whether a packet is for this host although it is not sent to its address: the answer to a DHCP client that has none yet. */
  readonly isForAnybody: (packet: Ipv4) => boolean;
  /** Called when the neighbour `mac` also uses our `address` and does not give it up. */
  readonly onConflict: (mac: MacAddress, address: Ipv4Address) => void;
}

const ipv4Header = 20;
const echoRequest = 8;

/** UDP and ICMP of a host, over IPv4. [RFC 768; RFC 792; RFC 1122, 3.2.2, 4.1] */
export class Ipv4Transport implements Disposable {
  readonly interface: Ipv4Interface;
  readonly #options: Ipv4TransportOptions;
  readonly #senders: Senders;

  constructor(options: Ipv4TransportOptions, senders: Senders) {
    const { clock, random, mac, send, onConflict } = options;
    this.#options = options;
    this.#senders = senders;
    this.interface = new Ipv4Interface({
      clock,
      random,
      mac,
      send,
      onConflict,
      mtuTo: (address) => senders.paths.to(address),
      isMember: (group) => senders.udp.groups.has(group),
      loop: (packet) => clock.defer(() => this.#receiveOwn(packet)),
    });
  }

  /** The address; undefined while there is none. */
  get address(): Ipv4Address | undefined {
    return this.interface.configuration?.address;
  }

  /** Receives a frame with an IPv4 packet; `toMany` is true for broadcast and multicast frames. */
  receive(frame: Uint8Array, toMany: boolean): void {
    const packet = this.interface.decode(frame);
    if (packet === undefined) return;
    const isForMany = this.#isForMany(packet);
    // A broadcast or multicast frame must carry a broadcast or multicast packet. Otherwise a sender could evade filters with it. [RFC 1122,
    // 3.3.6]
    if (toMany && !isForMany && !this.#options.isForAnybody(packet)) return;
    this.#take(packet, sourceOf(frame), isForMany);
  }

  /** Sends an echo request. */
  sendEcho(to: Ipv4Address, echo: Echo, dontFragment = false): void {
    const message = encodeIcmpEcho({ ...echo, type: 'request' });
    if (dontFragment) this.#senders.paths.note(to, message, ipv4Header + message.length);
    this.interface.send(to, ipProtocols.icmp, message, { dontFragment });
  }

  /** Sends a datagram. It is dropped if the socket is bound to an address that is no longer ours. */
  sendUdp(to: Ipv4Address, udp: Udp, { address, dontFragment = false, multicastTtl = 1, multicastLoopback = true }: UdpOptions = {}): void {
    if (address !== undefined && (isIpv6(address) || (address !== this.address && !isIpv4Multicast(address)))) return;
    const segment = encodeUdp(udp, this.address ?? unspecifiedIpv4, to);
    if (isIpv4Multicast(to)) {
      const sending = { dontFragment, ttl: multicastTtl, loopback: multicastLoopback };
      this.interface.sendToGroup(to, ipProtocols.udp, segment, sending);
      return;
    }
    if (dontFragment) this.#senders.paths.note(to, segment, ipv4Header + segment.length);
    this.interface.send(to, ipProtocols.udp, segment, { dontFragment });
  }

  [Symbol.dispose](): void {
    this.interface[Symbol.dispose]();
  }

  #isForMany({ destination }: Ipv4): boolean {
    return this.interface.isBroadcast(destination) || this.#senders.udp.groups.has(destination);
  }

  #receiveOwn(octets: Uint8Array): void {
    const packet = decodeIpv4(octets);
    if (packet !== undefined) this.#take(packet, this.#options.mac, this.#isForMany(packet));
  }

  #take(packet: Ipv4, via: MacAddress, isForMany: boolean): void {
    const isOurs = packet.destination === this.address;
    if (packet.protocol === ipProtocols.icmp && isOurs) this.#receiveIcmp(packet, via);
    else if (packet.protocol === ipProtocols.udp && (isOurs || isForMany || this.#options.isForAnybody(packet)))
      this.#receiveUdp(packet, via);
  }

  #receiveUdp(packet: Ipv4, via: MacAddress): void {
    const { source, destination, payload } = packet;
    const udp = decodeUdp(payload, source, destination);
    if (udp === undefined) return;
    const isHeard = this.#senders.udp.receive(udp.destinationPort, { ...udp, source, destination, via });
    // Broadcast and multicast datagrams are never refused. [RFC 1122, 3.2.2]
    const refusal = isHeard || destination !== this.address ? undefined : this.#senders.unreachables.portOf(packet);
    if (refusal) this.interface.answer(via, source, ipProtocols.icmp, refusal);
  }

  #receiveIcmp({ source, payload }: Ipv4, via: MacAddress): void {
    const echo = decodeIcmpEcho(payload);
    if (echo?.type === 'reply') this.#senders.pings.receive(source, echo);
    else if (echo) this.interface.answer(via, source, ipProtocols.icmp, encodeIcmpEcho({ ...echo, type: 'reply' }));
    else this.#hearUnreachable(payload);
  }

  /**
   * Handles an unreachable message. It is ignored unless it quotes a packet of ours. It can report a packet as too long only if that packet
   * forbade fragmentation.
   */
  #hearUnreachable(message: Uint8Array): void {
    const told = decodeIcmpUnreachable(message);
    if (told === undefined || told.source !== this.address) return;
    const { code, protocol, destination, start, dontFragment } = told;
    const isUdp = protocol === ipProtocols.udp;
    if (code === unreachableCodes.port && isUdp) this.#senders.udp.refuse(destination, start);
    if (code !== unreachableCodes.tooLong || !dontFragment) return;
    const isEcho = protocol === ipProtocols.icmp && start[0] === echoRequest;
    hearTooLong(this.#senders, told, isUdp ? 'udp' : isEcho ? 'echo' : undefined);
  }
}
