import type { Clock } from '../clock.ts';
import type { Random } from '../random.ts';
import { decodeIcmpv6Error, unreachableCodes6 } from '../wire/icmpv6-error.ts';
import { encodeIcmpv6, icmpv6Protocol, type Icmpv6Echo } from '../wire/icmpv6.ts';
import { isIpv6 } from '../wire/ip.ts';
import { ipProtocols } from '../wire/ipv4.ts';
import { ipv6HeaderLength, isIpv6Multicast, unspecifiedIpv6, type Ipv6, type Ipv6Address } from '../wire/ipv6.ts';
import type { MacAddress } from '../wire/mac.ts';
import { decodeUdpOverIpv6, encodeUdpOverIpv6, type Udp } from '../wire/udp.ts';
import { Ipv6Interface, type Ipv6Configuration } from './ipv6-interface.ts';
import type { Echo } from './pings.ts';
import { hearTooLong, type Senders } from './senders.ts';
import type { UdpOptions } from './udp-sockets.ts';

/** The options of UDP and ICMPv6. */
export interface Ipv6TransportOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly mac: MacAddress;
  readonly configuration?: Ipv6Configuration | undefined;
  readonly send: (frame: Uint8Array) => void;
  /** Called when the neighbour `mac` already has our `address` or is also probing for it. The address is then not used. */
  readonly onDuplicate: (mac: MacAddress, address: Ipv6Address) => void;
}

const echoRequest = 128;

/** UDP and ICMPv6 of a host. [RFC 768; RFC 8200, 8.1; RFC 4443] */
export class Ipv6Transport implements Disposable {
  readonly interface: Ipv6Interface;
  readonly #senders: Senders;

  constructor(options: Ipv6TransportOptions, senders: Senders) {
    this.#senders = senders;
    this.interface = new Ipv6Interface({
      ...options,
      mtuTo: (address) => senders.paths.to(address),
      isMember: (group) => senders.udp.groups.has(group),
      hearsMac: (mac) => senders.udp.groups.hasMac(mac),
      receive: (packet, via, reply) => this.#receive(packet, via, reply),
    });
  }

  /** Sends an echo request. It is dropped if this host has no address, or the next hop does not answer. */
  sendEcho(to: Ipv6Address, echo: Echo): void {
    this.interface.send(to, icmpv6Protocol, (source) => this.#noted(to, encodeIcmpv6({ ...echo, type: 'echo-request' }, source, to)));
  }

  /** Sends a datagram. It is dropped if this host has no address, or the socket is bound to one that is not ours. */
  sendUdp(to: Ipv6Address, udp: Udp, { address, multicastTtl = 1, multicastLoopback = true }: UdpOptions): void {
    if (address !== undefined && !isIpv6(address)) return;
    const isGroup = isIpv6Multicast(to);
    this.interface.send(to, ipProtocols.udp, (source) => this.#noted(to, encodeUdpOverIpv6(udp, source, to)), {
      source: address !== undefined && isIpv6Multicast(address) ? undefined : address,
      hopLimit: isGroup ? multicastTtl : undefined,
      loopback: multicastLoopback,
    });
  }

  [Symbol.dispose](): void {
    this.interface[Symbol.dispose]();
  }

  /** Notes a sent packet, so that a later report about its length is believed, and returns it. IPv6 routers never fragment. */
  #noted(to: Ipv6Address, payload: Uint8Array): Uint8Array {
    this.#senders.paths.note(to, payload, ipv6HeaderLength + payload.length);
    return payload;
  }

  #receive(packet: Ipv6, via: MacAddress, reply: Icmpv6Echo | undefined): void {
    const { source, nextHeader } = packet;
    if (nextHeader === ipProtocols.udp) this.#receiveUdp(packet, via);
    else if (reply !== undefined) {
      this.interface.discovery.neighbours.confirm(source);
      this.#senders.pings.receive(source, reply);
    } else if (nextHeader === icmpv6Protocol) this.#hearError(packet);
  }

  #receiveUdp(packet: Ipv6, via: MacAddress): void {
    const { source, destination, payload } = packet;
    const udp = decodeUdpOverIpv6(payload, source, destination);
    if (udp === undefined) return;
    const isHeard = this.#senders.udp.receive(udp.destinationPort, { ...udp, source, destination, via });
    // A packet to a group is never refused, and neither is one whose sender has no address. [RFC 4443, 2.4 (e)]
    if (isHeard || isIpv6Multicast(destination) || source === unspecifiedIpv6) return;
    const refusal = this.#senders.unreachables.portOfIpv6(packet);
    if (refusal) this.interface.answer(via, destination, source, refusal);
  }

  /** Handles an ICMPv6 error. It is ignored unless it quotes a packet of ours. */
  #hearError({ source, destination, payload }: Ipv6): void {
    const told = decodeIcmpv6Error(payload, source, destination);
    if (told?.source !== destination) return;
    const { type, code, nextHeader, start } = told;
    const isUdp = nextHeader === ipProtocols.udp;
    const isEcho = nextHeader === icmpv6Protocol && start[0] === echoRequest;
    if (type === 'too-big') hearTooLong(this.#senders, told, isUdp ? 'udp' : isEcho ? 'echo' : undefined);
    else if (code === unreachableCodes6.port && isUdp) this.#senders.udp.refuse(told.destination, start);
  }
}
