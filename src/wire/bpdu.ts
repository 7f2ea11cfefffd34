/*
 * BPDU of VDE's fast spanning tree: an RST BPDU of 39 octets in an 802.3 frame to the bridge group. It differs from the standard in two
 * ways: two codes of the role are swapped, and some bridges do not count message age in hops. [IEEE 802.1D-2004, 9.3.3]
 *
 *    0    1    2    3         5    6    7    8                 16             20                28
 *   +----+----+----+---------+----+----+----+-----------------+--------------+-----------------+------
 *   | 42 | 42 | 03 | 00   00 | 02 | 02 |flag|      root       |root path cost|     bridge      | port
 *   +----+----+----+---------+----+----+----+-----------------+--------------+-----------------+------
 *    LLC            protocol  ver. type      priority, address                priority, address
 *
 *    30           32           34           36              38
 *   +------------+------------+------------+---------------+----+
 *   |message age | max age    | hello time | forward delay | 00 |    each in 1/256 s
 *   +------------+------------+------------+---------------+----+
 *
 *   flags: 0 topology change, 1 proposal, 2..3 role, 4 learning, 5 forwarding, 6 agreement, 7 topology change acknowledged
 */
import { readMac, writeMac, type MacAddress } from './mac.ts';
import { equalOctets, formatHex, readUint16, readUint32, writeUint16, writeUint32 } from './octets.ts';

/** The group of all bridges, `01:80:c2:00:00:00`. [IEEE 802.1D-2004, table 7-10] */
export const bridgeGroupMac = 0x0180_c200_0000 as MacAddress;

/** The identity of a bridge. The lower priority is better; if both are equal, the lower address. */
export interface BridgeId {
  /** From 0 to 65,535. */
  readonly priority: number;
  readonly mac: MacAddress;
}

/** The role of the sending port in the tree; `alternate` also stands for a port that is closed until its neighbour agrees. */
export type BpduRole = 'unknown' | 'root' | 'alternate' | 'designated';

/** A decoded BPDU. */
export interface Bpdu {
  readonly topologyChange: boolean;
  readonly proposal: boolean;
  readonly role: BpduRole;
  readonly learning: boolean;
  readonly forwarding: boolean;
  readonly agreement: boolean;
  readonly topologyChangeAcknowledged: boolean;
  readonly root: BridgeId;
  /** From the sending bridge to the root. */
  readonly rootPathCost: number;
  /** The sending bridge. */
  readonly bridge: BridgeId;
  /** The sending port: 16 bits of priority and number. */
  readonly port: number;
  /** In seconds: a multiple of 1/256 below 256. The same holds for the next three fields. */
  readonly messageAge: number;
  readonly maxAge: number;
  readonly helloTime: number;
  readonly forwardDelay: number;
}

const size = 39;

/** The shortest BPDU that VDE accepts; it ends within the field of the forward delay. */
const minSize = 37;

const prefix = Uint8Array.of(0x42, 0x42, 0x03, 0, 0, 2, 2);
const roles: readonly BpduRole[] = ['unknown', 'root', 'alternate', 'designated'];

/**
 * Decodes the payload of an 802.3 frame, after the length. Returns undefined if it is too short, or is not a BPDU of version 2 and type 2.
 */
export function decodeBpdu(bytes: Uint8Array): Bpdu | undefined {
  if (bytes.length < minSize || !equalOctets(bytes.subarray(0, prefix.length), prefix)) return undefined;
  const flags = bytes[7] ?? 0;
  const bit = (place: number): boolean => ((flags >>> place) & 1) === 1;
  return {
    topologyChange: bit(0),
    proposal: bit(1),
    role: roles[(flags >>> 2) & 3] ?? 'unknown',
    learning: bit(4),
    forwarding: bit(5),
    agreement: bit(6),
    topologyChangeAcknowledged: bit(7),
    root: readBridgeId(bytes, 8),
    rootPathCost: readUint32(bytes, 16),
    bridge: readBridgeId(bytes, 20),
    port: readUint16(bytes, 28),
    messageAge: readUint16(bytes, 30) / 256,
    maxAge: readUint16(bytes, 32) / 256,
    helloTime: readUint16(bytes, 34) / 256,
    forwardDelay: readUint16(bytes, 36) / 256,
  };
}

/** Returns the 39 octets of a BPDU. */
export function encodeBpdu(bpdu: Bpdu): Uint8Array {
  const bytes = new Uint8Array(size);
  bytes.set(prefix);
  bytes[7] = flagsOf(bpdu);
  writeBridgeId(bytes, 8, bpdu.root);
  writeUint32(bytes, 16, bpdu.rootPathCost);
  writeBridgeId(bytes, 20, bpdu.bridge);
  writeUint16(bytes, 28, bpdu.port);
  writeUint16(bytes, 30, bpdu.messageAge * 256);
  writeUint16(bytes, 32, bpdu.maxAge * 256);
  writeUint16(bytes, 34, bpdu.helloTime * 256);
  writeUint16(bytes, 36, bpdu.forwardDelay * 256);
  return bytes;
}

/** Returns whether a frame of at least 14 octets is addressed to the bridge group. */
export function isForBridges(frame: Uint8Array): boolean {
  // Compares octets: most frames differ in the first one.
  return frame[0] === 0x01 && readUint32(frame, 0) === 0x0180_c200 && readUint16(frame, 4) === 0;
}

/** Returns a number below 0 if `a` is better, above 0 if `b` is, and 0 if both are the same. */
export function compareBridgeIds(a: BridgeId, b: BridgeId): number {
  return a.priority - b.priority || a.mac - b.mac;
}

/** Formats a bridge's identity as eight pairs of digits: `80:00:00:ff:aa:bb:cc:01`. */
export function formatBridgeId(id: BridgeId): string {
  const bytes = new Uint8Array(8);
  writeBridgeId(bytes, 0, id);
  return formatHex(bytes, ':');
}

function flagsOf(bpdu: Bpdu): number {
  const { topologyChange, proposal, learning, forwarding, agreement, topologyChangeAcknowledged } = bpdu;
  const role = roles.indexOf(bpdu.role);
  const bits = [topologyChange, proposal, (role & 1) === 1, (role & 2) === 2, learning, forwarding, agreement, topologyChangeAcknowledged];
  return bits.reduce((flags, bit, place) => flags | (Number(bit) << place), 0);
}

function readBridgeId(bytes: Uint8Array, at: number): BridgeId {
  return { priority: readUint16(bytes, at), mac: readMac(bytes, at + 2) };
}

function writeBridgeId(bytes: Uint8Array, at: number, { priority, mac }: BridgeId): void {
  writeUint16(bytes, at, priority);
  writeMac(bytes, at + 2, mac);
}
