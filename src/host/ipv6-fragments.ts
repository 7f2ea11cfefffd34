import type { Clock } from '../clock.ts';
import { decodeIpv6Fragment, encodeIpv6Fragment, fragmentHeader, fragmentHeaderLength } from '../wire/ipv6-fragment.ts';
import { encodeIpv6, ipv6HeaderLength, type Ipv6 } from '../wire/ipv6.ts';
import { fragmentUnit, partsOf, Reassembly } from './reassembly.ts';

/** How long a packet may wait for its missing parts, in milliseconds. [RFC 8200, 4.5] */
const patience = 60_000;

/** Reassembles the fragments of IPv6 packets. [RFC 8200, 4.5; RFC 5722] */
export class Ipv6Reassembly {
  readonly #reassembly: Reassembly<Ipv6>;

  constructor(clock: Clock) {
    this.#reassembly = new Reassembly(clock, patience, 0xffff);
  }

  /** Adds a packet with a fragment header, which is borrowed. Returns the whole packet once it is complete. */
  add(packet: Ipv6): Ipv6 | undefined {
    const fragment = decodeIpv6Fragment(packet.payload);
    if (fragment === undefined) return undefined;
    const { nextHeader, offset, more, identification, payload } = fragment;
    // A packet that consists of one fragment is complete, even if other fragments with its identification are waiting. [RFC 6946]
    if (offset === 0 && !more) return { ...packet, nextHeader, payload };
    const key = `${packet.source} ${packet.destination} ${identification}`;
    const whole = this.#reassembly.add({ key, start: offset * fragmentUnit, more, payload }, { ...packet, nextHeader });
    return whole && { ...whole.header, payload: whole.payload };
  }

  /** Forgets all incomplete packets. */
  clear(): void {
    this.#reassembly.clear();
  }
}

/** Returns the packet alone if it fits in the MTU, otherwise its fragments with the given identification. [RFC 8200, 4.5] */
export function ipv6FragmentsOf(packet: Ipv6, mtu: number, identification: number): Uint8Array[] {
  const { nextHeader } = packet;
  const room = mtu - ipv6HeaderLength;
  if (packet.payload.length <= room) return [encodeIpv6(packet)];
  return partsOf(packet.payload, room - fragmentHeaderLength).map(({ start, more, payload }) => {
    const fragment = encodeIpv6Fragment({ nextHeader, offset: start / fragmentUnit, more, identification, payload });
    return encodeIpv6({ ...packet, nextHeader: fragmentHeader, payload: fragment });
  });
}
