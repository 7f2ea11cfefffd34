import { isTagged, type Vid } from '../wire/dot1q.ts';
import { etherTypes } from '../wire/ethernet.ts';
import type { Ipv4Address } from '../wire/ipv4.ts';
import { readMac, type MacAddress } from '../wire/mac.ts';
import { readUint16, readUint32 } from '../wire/octets.ts';
import type { SwitchOptions } from './switch-options.ts';
import type { DropReason, PortNumber } from './switch-port.ts';

/** An address of a VLAN that one station alone may claim by ARP, such as the server's. */
export interface Ownership {
  readonly vid: Vid;
  readonly address: Ipv4Address;
  readonly mac: MacAddress;
}

/**
 * The rules for frames of stations, beyond those of bridging: the filter of the switch's owner must admit them, and they must not claim the address of
 * another station by ARP, since its neighbours would then send its traffic to the wrong one.
 */
export class SenderRules {
  readonly #admit: SwitchOptions['admit'];
  /** The owner of each address, by VLAN and address. */
  readonly #owners = new Map<number, MacAddress>();

  constructor(admit?: SwitchOptions['admit']) {
    this.#admit = admit;
  }

  /** Reserves an address of a VLAN for the station with that MAC address, until the result is disposed. */
  reserve({ vid, address, mac }: Ownership): Disposable {
    const key = keyOf(vid, address);
    this.#owners.set(key, mac);
    return { [Symbol.dispose]: () => void this.#owners.delete(key) };
  }

  /** Returns whether the rules look at more of a frame than its header. If not, all frames with this header may enter if this one may. */
  concern(frame: Uint8Array): boolean {
    return this.#admit !== undefined || (this.#owners.size > 0 && mayCarryArp(frame));
  }

  /** Returns why a frame of a VLAN must not enter by a port; undefined if it may. Has no side effects. */
  refusal(ingress: PortNumber, vid: Vid, frame: Uint8Array): DropReason | undefined {
    if (!this.concern(frame)) return undefined;
    if (this.#admit?.(ingress, frame) === false) return 'not-admitted';
    return this.#isForged(vid, frame) ? 'forged-arp' : undefined;
  }

  #isForged(vid: Vid, frame: Uint8Array): boolean {
    const at = this.#owners.size > 0 ? arpAt(frame) : undefined;
    if (at === undefined) return false;
    const owner = this.#owners.get(keyOf(vid, readUint32(frame, at + senderAddressAt)));
    return owner !== undefined && owner !== readMac(frame, at + senderMacAt);
  }
}

const typeAt = 12;
const tagLength = 4;
/** The EtherType of service tags. [IEEE 802.1Q, table 9-1] */
const serviceTag = 0x88a8;
/** The highest length of a frame of IEEE 802.3, which stands in place of the EtherType. [IEEE 802.3, 3.2.6] */
const longestLlc = 1500;
/** LLC and SNAP headers before an EtherType. [RFC 1042] */
const snap = { high: 0xaaaa_0300, low: 0x0000, length: 8 } as const;

/** The parts of an ARP packet. [RFC 826] */
const senderMacAt = 8;
const senderAddressAt = 14;
const arpLength = 28;
/** hlen 6, plen 4. */
const addressLengths = 0x0604;

function mayCarryArp(frame: Uint8Array): boolean {
  const type = readUint16(frame, typeAt);
  return type === etherTypes.arp || type === etherTypes.dot1q || type === serviceTag || type <= longestLlc;
}

/**
 * Returns the offset of a frame's ARP packet about IPv4 addresses; undefined if there is none. It looks where receivers look: Linux strips nested
 * priority tags, takes ARP for the hardware types of Ethernet and IEEE 802, and others take it behind a SNAP header.
 */
function arpAt(frame: Uint8Array): number | undefined {
  let at = isTagged(frame) ? typeAt + tagLength : typeAt;
  while (isPriorityTag(frame, at)) at += tagLength;
  if (frame.length < at + 2) return undefined;
  const isSnap = readUint16(frame, at) <= longestLlc && frame.length >= at + 2 + snap.length;
  if (isSnap && readUint32(frame, at + 2) === snap.high && readUint16(frame, at + 6) === snap.low) at += snap.length;
  const packet = at + 2;
  if (readUint16(frame, at) !== etherTypes.arp || frame.length < packet + arpLength) return undefined;
  const isAboutIpv4 = readUint16(frame, packet + 2) === etherTypes.ipv4 && readUint16(frame, packet + 4) === addressLengths;
  return isAboutIpv4 ? packet : undefined;
}

function isPriorityTag(frame: Uint8Array, at: number): boolean {
  if (frame.length < at + tagLength) return false;
  const type = readUint16(frame, at);
  return (type === etherTypes.dot1q || type === serviceTag) && (readUint16(frame, at + 2) & 0xfff) === 0;
}

function keyOf(vid: Vid, address: number): number {
  return vid * 2 ** 32 + address;
}
