/*
 * Capture file: a header of 24 octets, then records, each with a header of 16 octets and a captured frame. Byte order is the writer's.
 * [draft-ietf-opsawg-pcap, 4 and 5]
 *
 *    0             4           6           8     12    16        20          24
 *   +-------------+-----------+-----------+-----+-----+---------+-----------+
 *   | magic       | version 2 | minor 4   |  0  |  0  | snaplen | link type |
 *   +-------------+-----------+-----------+-----+-----+---------+-----------+
 *
 *    0         4                            8                 12                16
 *   +---------+----------------------------+-----------------+-----------------+-------
 *   | seconds | microseconds (nanoseconds) | captured length | original length | frame
 *   +---------+----------------------------+-----------------+-----------------+-------
 */
import { concatOctets } from './octets.ts';

/** The number of Ethernet among the link types of captures, of pcap and pcapng. [LINKTYPE_ETHERNET] */
export const ethernetLink = 1;

/** One captured frame. */
export interface PcapRecord {
  /** The time of the capture: seconds since 1970-01-01T00:00Z, from 0 to 2^32 - 1. */
  readonly seconds: number;
  /** Microseconds after that second. */
  readonly microseconds: number;
  /** The length of the frame on the wire, in octets; more than `frame` holds if the capture cut it. */
  readonly originalLength: number;
  readonly frame: Uint8Array;
}

/** A decoded capture. */
export interface Pcap {
  /** The type of the link; 1 is Ethernet. [IANA pcap link types] */
  readonly linkType: number;
  readonly records: readonly PcapRecord[];
}

const microsecondMagic = 0xa1b2_c3d4;
const nanosecondMagic = 0xa1b2_3c4d;
const headerLength = 24;
const recordHeaderLength = 16;
const snapLength = 262_144;

/**
 * Decodes a capture of any byte order and unit of time; nanoseconds are cut to microseconds. A truncated last record is left out. Returns
 * undefined if it does not begin with the header of a capture.
 */
export function decodePcap(bytes: Uint8Array): Pcap | undefined {
  if (bytes.length < headerLength) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const littleEndian = [microsecondMagic, nanosecondMagic].includes(view.getUint32(0, true));
  const magic = view.getUint32(0, littleEndian);
  if (magic !== microsecondMagic && magic !== nanosecondMagic) return undefined;
  const records: PcapRecord[] = [];
  for (let at = headerLength; at + recordHeaderLength <= bytes.length;) {
    const end = at + recordHeaderLength + view.getUint32(at + 8, littleEndian);
    if (end > bytes.length) break;
    const fraction = view.getUint32(at + 4, littleEndian);
    records.push({
      seconds: view.getUint32(at, littleEndian),
      microseconds: magic === microsecondMagic ? fraction : Math.floor(fraction / 1000),
      originalLength: view.getUint32(at + 12, littleEndian),
      frame: bytes.subarray(at + recordHeaderLength, end),
    });
    at = end;
  }
  // The upper half describes the FCS, not the link type.
  return { linkType: view.getUint32(20, littleEndian) & 0xffff, records };
}

/**
 * Encodes a whole capture, in little-endian byte order and with times in microseconds.
 *
 * @example
 * ```ts
 * import { decodePcap, encodePcap } from 'etherloom/wire/pcap';
 *
 * const frame = new Uint8Array(60);
 * const capture = encodePcap({ linkType: 1, records: [{ seconds: 0, microseconds: 0, originalLength: 60, frame }] });
 * console.log(decodePcap(capture)?.records.length); // 1
 * ```
 */
export function encodePcap(pcap: Pcap): Uint8Array {
  return concatOctets(encodePcapHeader(pcap.linkType), ...pcap.records.map(encodePcapRecord));
}

/** Encodes the header alone, for a capture that is written record by record. */
export function encodePcapHeader(linkType: number): Uint8Array {
  const header = new Uint8Array(headerLength);
  const view = new DataView(header.buffer);
  view.setUint32(0, microsecondMagic, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, snapLength, true);
  view.setUint32(20, linkType, true);
  return header;
}

/** Encodes one record, which is written after the header or another record. */
export function encodePcapRecord(record: PcapRecord): Uint8Array {
  const bytes = new Uint8Array(recordHeaderLength + record.frame.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, record.seconds, true);
  view.setUint32(4, record.microseconds, true);
  view.setUint32(8, record.frame.length, true);
  view.setUint32(12, record.originalLength, true);
  bytes.set(record.frame, recordHeaderLength);
  return bytes;
}
