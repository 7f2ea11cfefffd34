import type { Clock } from '../clock.ts';
import { encodeIpv4, type Ipv4 } from '../wire/ipv4.ts';
import { Reassembly } from './reassembly.ts';

/** A packet that this host sends. */
export type OwnPacket = Pick<Ipv4, 'source' | 'destination' | 'protocol' | 'payload' | 'identification' | 'dontFragment'> &
  Partial<Pick<Ipv4, 'ttl'>>;

/** How long a datagram may wait for its missing parts, in milliseconds. */
const patience = 30_000;
/** The unit of a fragment's offset. */
const unit = 8;
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
    const [start, more] = [fragment.fragmentOffset * unit, fragment.moreFragments];
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
  const { payload } = packet;
  const most = Math.floor((mtu - headerLength) / unit) * unit;
  if (payload.length <= mtu - headerLength || packet.dontFragment) return [encodeIpv4(packet)];
  return Array.from({ length: Math.ceil(payload.length / most) }, (_, at) => {
    const [start, end] = [at * most, Math.min((at + 1) * most, payload.length)];
    const [fragmentOffset, moreFragments] = [start / unit, end < payload.length];
    return encodeIpv4({ ...packet, fragmentOffset, moreFragments, payload: payload.subarray(start, end) });
  });
}
