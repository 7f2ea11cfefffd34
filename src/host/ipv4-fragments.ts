import type { Clock } from '../clock.ts';
import { encodeIpv4, type Ipv4 } from '../wire/ipv4.ts';
import { fragmentUnit, partsOf, Reassembly } from './reassembly.ts';

/** A packet that this host sends. */
export type OwnPacket = Pick<Ipv4, 'source' | 'destination' | 'protocol' | 'payload' | 'identification' | 'dontFragment'> &
  Partial<Pick<Ipv4, 'ttl'>>;

/** How long a datagram may wait for its missing parts, in milliseconds. */
const patience = 30_000;
const headerLength = 20;

/** Reassembles the fragments of IPv4 packets. [RFC 791, 3.2] */
export class Ipv4Reassembly {
  readonly #reassembly: Reassembly<Ipv4>;

  constructor(clock: Clock) {
    this.#reassembly = new Reassembly(clock, patience, 0xffff - headerLength);
  }

  /** Adds a fragment, which is borrowed. Returns the whole datagram once it is complete. */
  add(fragment: Ipv4): Ipv4 | undefined {
    const { source, destination, protocol, identification, payload } = fragment;
    const [start, more] = [fragment.fragmentOffset * fragmentUnit, fragment.moreFragments];
    const key = `${source} ${destination} ${protocol} ${identification}`;
    const whole = this.#reassembly.add({ key, start, more, payload }, { ...fragment, options: fragment.options.slice() });
    return whole && { ...whole.header, moreFragments: false, fragmentOffset: 0, payload: whole.payload };
  }

  /** Forgets all incomplete datagrams. */
  clear(): void {
    this.#reassembly.clear();
  }
}

/** Returns the packet alone if it fits in the MTU, otherwise its fragments. [RFC 791, 3.2] */
export function fragmentsOf(packet: OwnPacket, mtu: number): Uint8Array[] {
  const room = mtu - headerLength;
  if (packet.payload.length <= room || packet.dontFragment) return [encodeIpv4(packet)];
  return partsOf(packet.payload, room).map(({ start, more, payload }) =>
    encodeIpv4({ ...packet, fragmentOffset: start / fragmentUnit, moreFragments: more, payload }),
  );
}
