/*
 * Capture file of blocks: a section's header, an interface description for each interface, a packet block for each frame. Byte order is
 * the section's. [draft-ietf-opsawg-pcapng, 3 and 4]
 *
 *    0            4              8                        length - 4
 *   +------------+--------------+----------------+-------+--------------+
 *   | block type | total length | body, to 4 * n | ...   | total length |
 *   +------------+--------------+----------------+-------+--------------+
 *    0x0a0d0d0a  section    8: byte order 0x1a2b3c4d   12: version 1.0   16: length, -1 unknown      24: options
 *    1           interface  8: link type (2), 0 (2)    12: snap length                               16: options
 *    6           packet     8: interface  12: time, upper half and lower  20: captured  24: original 28: frame, to 4 * n, options
 *    3           simple     8: original                                                              12: frame
 *
 *   An option: code (2), length (2), value, to 4 * n; the last one is 0, 0.
 */
import { concatOctets } from './octets.ts';

/** An interface at which frames were captured. */
export interface PcapngInterface {
  /** Empty if the interface has no name. */
  readonly name: string;
  /** The type of the link; 1 is Ethernet. [IANA pcap link types] */
  readonly linkType: number;
}

/** One captured frame. */
export interface PcapngPacket {
  /** The index of the packet's interface in the capture. */
  readonly interface: number;
  /** The time of the capture: nanoseconds since 1970-01-01T00:00Z; 0 if it is not known. */
  readonly nanoseconds: bigint;
  readonly frame: Uint8Array;
  /** The length of the frame on the wire, in octets; more than `frame` holds if the capture cut it. */
  readonly originalLength: number;
  /** The direction, as the interface sees it. */
  readonly direction?: 'inbound' | 'outbound';
  /** A comment by the capturing program. */
  readonly comment?: string;
}

/** A decoded capture. */
export interface Pcapng {
  readonly interfaces: readonly PcapngInterface[];
  readonly packets: readonly PcapngPacket[];
}

const blocks = { section: 0x0a0d_0d0a, interface: 1, simple: 3, packet: 6 } as const;
const byteOrderMagic = 0x1a2b_3c4d;
const codes = { end: 0, comment: 1, name: 2, flags: 2, application: 4, resolution: 9, offset: 14 } as const;
const directions = ['inbound', 'outbound'] as const;
const blockHeaderLength = 8;
const optionHeaderLength = 4;
/** The length of the shortest block: its header and the repeated length. */
const minBlock = 12;
const nanosecondResolution = 9;
const microsecondResolution = 6;
const snapLength = 262_144;

/** Encodes a whole capture, in little-endian byte order and with times in nanoseconds. */
export function encodePcapng({ interfaces, packets }: Pcapng): Uint8Array {
  return concatOctets(encodePcapngHeader(interfaces), ...packets.map(encodePcapngPacket));
}

/** Encodes the blocks before the packets, for a capture that is written packet by packet. */
export function encodePcapngHeader(interfaces: readonly PcapngInterface[]): Uint8Array {
  const section = fields([4, byteOrderMagic], [2, 1], [2, 0], [4, 0xffff_ffff], [4, 0xffff_ffff]);
  const described = interfaces.map(({ name, linkType }) => {
    const options = optionsOf([codes.name, utf8(name)], [codes.resolution, Uint8Array.of(nanosecondResolution)]);
    return block(blocks.interface, fields([2, linkType], [2, 0], [4, snapLength]), options);
  });
  return concatOctets(block(blocks.section, section, optionsOf([codes.application, utf8('etherloom')])), ...described);
}

/** Encodes one packet, which is written after the header or another packet. Throws RangeError if its comment is over 65,535 octets. */
export function encodePcapngPacket(packet: PcapngPacket): Uint8Array {
  const { frame, nanoseconds, originalLength, direction, comment } = packet;
  const time = [Number((nanoseconds >> 32n) & 0xffff_ffffn), Number(nanoseconds & 0xffff_ffffn)] as const;
  const head = fields([4, packet.interface], [4, time[0]], [4, time[1]], [4, frame.length], [4, originalLength]);
  const flags = direction && fields([4, directions.indexOf(direction) + 1]);
  const options = optionsOf(comment !== undefined && [codes.comment, utf8(comment)], flags !== undefined && [codes.flags, flags]);
  return block(blocks.packet, head, padded(frame), options);
}

/**
 * Decodes a capture of any byte order and unit of time. Blocks of other kinds, and everything after a damaged or truncated block, are
 * left out. Returns undefined if it does not begin with a section's header.
 */
export function decodePcapng(bytes: Uint8Array): Pcapng | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < minBlock + 4 || view.getUint32(0) !== blocks.section) return undefined;
  const reader = new Reader(bytes, view);
  while (reader.readBlock());
  return { interfaces: reader.interfaces, packets: reader.packets };
}

class Reader {
  readonly interfaces: PcapngInterface[] = [];
  readonly packets: PcapngPacket[] = [];
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #units: { readonly perSecond: bigint; readonly offset: bigint }[] = [];
  #at = 0;
  #littleEndian = true;
  /** The index of the current section's first interface. */
  #first = 0;

  constructor(bytes: Uint8Array, view: DataView) {
    this.#bytes = bytes;
    this.#view = view;
  }

  /** Reads one block, and returns whether another one may follow. */
  readBlock(): boolean {
    const at = this.#at;
    if (at + minBlock + 4 > this.#bytes.length) return false;
    if (this.#view.getUint32(at) === blocks.section) this.#beginSection(at);
    const length = this.#uint32(at + 4);
    const end = at + length;
    if (length < minBlock || length % 4 !== 0 || end > this.#bytes.length) return false;
    const body = { start: at + blockHeaderLength, end: end - 4 };
    this.#at = end;
    switch (this.#uint32(at)) {
      case blocks.interface:
        return this.#readInterface(body);
      case blocks.packet:
        return this.#readPacket(body);
      case blocks.simple:
        return this.#readSimple(body);
      default:
        return true;
    }
  }

  #beginSection(at: number): void {
    this.#littleEndian = this.#view.getUint32(at + blockHeaderLength, true) === byteOrderMagic;
    this.#first = this.interfaces.length;
  }

  #readInterface({ start, end }: Body): boolean {
    if (start + 8 > end) return false;
    const options = this.#options(start + 8, end);
    const resolution = options.get(codes.resolution)?.[0] ?? microsecondResolution;
    const power = BigInt(resolution & 0x7f);
    const offset = options.get(codes.offset);
    const seconds = offset?.length === 8 ? new DataView(offset.buffer, offset.byteOffset).getBigInt64(0, this.#littleEndian) : 0n;
    this.#units.push({ perSecond: (resolution & 0x80) === 0 ? 10n ** power : 1n << power, offset: seconds * 1_000_000_000n });
    this.interfaces.push({ name: text(options.get(codes.name)) ?? '', linkType: this.#uint16(start) });
    return true;
  }

  #readPacket({ start, end }: Body): boolean {
    if (start + 20 > end) return false;
    const [place, captured] = [this.#first + this.#uint32(start), this.#uint32(start + 12)];
    const [units, last] = [this.#units[place], start + 20 + captured];
    if (!units || last > end) return false;
    const ticks = (BigInt(this.#uint32(start + 4)) << 32n) | BigInt(this.#uint32(start + 8));
    const options = this.#options(start + 20 + roundUp(captured), end);
    const flags = options.get(codes.flags);
    const direction = flags?.length === 4 ? directions[(flags[this.#littleEndian ? 0 : 3] ?? 0) - 1] : undefined;
    const comment = text(options.get(codes.comment));
    this.packets.push({
      interface: place,
      nanoseconds: (ticks * 1_000_000_000n) / units.perSecond + units.offset,
      frame: this.#bytes.subarray(start + 20, last),
      originalLength: this.#uint32(start + 16),
      ...(direction && { direction }),
      ...(comment !== undefined && { comment }),
    });
    return true;
  }

  #readSimple({ start, end }: Body): boolean {
    if (start + 4 > end || this.#first >= this.interfaces.length) return false;
    const originalLength = this.#uint32(start);
    const frame = this.#bytes.subarray(start + 4, Math.min(end, start + 4 + originalLength));
    this.packets.push({ interface: this.#first, nanoseconds: 0n, frame, originalLength });
    return true;
  }

  /** Returns the options between two offsets, by code. For a repeated option, the first value counts. */
  #options(start: number, end: number): Map<number, Uint8Array> {
    const options = new Map<number, Uint8Array>();
    for (let at = start; at + optionHeaderLength <= end;) {
      const [code, length] = [this.#uint16(at), this.#uint16(at + 2)];
      const value = at + optionHeaderLength;
      if (code === codes.end || value + length > end) break;
      if (!options.has(code)) options.set(code, this.#bytes.subarray(value, value + length));
      at = value + roundUp(length);
    }
    return options;
  }

  #uint16(at: number): number {
    return this.#view.getUint16(at, this.#littleEndian);
  }

  #uint32(at: number): number {
    return this.#view.getUint32(at, this.#littleEndian);
  }
}

/** The bounds of a block's body. */
interface Body {
  readonly start: number;
  readonly end: number;
}

function block(type: number, ...body: readonly Uint8Array[]): Uint8Array {
  const length = minBlock + body.reduce((sum, part) => sum + part.length, 0);
  return concatOctets(fields([4, type], [4, length]), ...body, fields([4, length]));
}

/** Encodes options and the end of options; returns no octets if there are no options. */
function optionsOf(...options: readonly (readonly [number, Uint8Array] | false)[]): Uint8Array {
  const parts = options.filter((option) => option !== false);
  if (parts.length === 0) return new Uint8Array(0);
  for (const [, value] of parts) if (value.length > 0xffff) throw new RangeError(`an option of ${value.length} octets, the most is 65535`);
  const encoded = parts.flatMap(([code, value]) => [fields([2, code], [2, value.length]), padded(value)]);
  return concatOctets(...encoded, fields([2, codes.end], [2, 0]));
}

/** Encodes numbers of 2 or 4 octets each, least significant octet first. */
function fields(...numbers: readonly (readonly [2 | 4, number])[]): Uint8Array {
  const bytes = new Uint8Array(numbers.reduce((sum, [length]) => sum + length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [length, value] of numbers) {
    if (length === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += length;
  }
  return bytes;
}

function padded(value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(roundUp(value.length));
  bytes.set(value);
  return bytes;
}

function roundUp(length: number): number {
  return Math.ceil(length / 4) * 4;
}

function utf8(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function text(value: Uint8Array | undefined): string | undefined {
  return value && new TextDecoder().decode(value);
}
