/** Reads the replies of a DHCP server where they lie, without taking apart more than a load looks at. */
import { dhcpOps, messageTypes, optionCodes } from '../../src/wire/dhcp.ts';

/** The fields of a reply that a load examines. */
export interface Reply {
  readonly type: number;
  readonly xid: number;
  /** The MAC address of the client that it is for. */
  readonly mac: number;
  /** The address that it gives. */
  readonly address: number;
  /** The server that sent it; 0 when it does not say. */
  readonly server: number;
}

const ipv4 = 0x0800;
const udp = 17;
const clientPort = 68;
const ipv4At = 14;
const optionsAt = 240;

/** Reads the frame at a place of `memory`; undefined when it is no OFFER, ACK or NAK in an untagged frame. */
export function readReply(memory: Buffer, at: number, length: number): Reply | undefined {
  if (memory.readUInt16BE(at + 12) !== ipv4 || memory[at + ipv4At + 9] !== udp) return undefined;
  const udpAt = at + ipv4At + ((memory[at + ipv4At] ?? 0) & 0xf) * 4;
  const dhcpAt = udpAt + 8;
  const end = at + length;
  if (end < dhcpAt + optionsAt || memory.readUInt16BE(udpAt + 2) !== clientPort || memory[dhcpAt] !== dhcpOps.reply) return undefined;
  let [type, server] = [0, 0];
  for (let option = dhcpAt + optionsAt; option + 1 < end && memory[option] !== optionCodes.end;) {
    if (memory[option] === optionCodes.pad) {
      option++;
      continue;
    }
    if (memory[option] === optionCodes.messageType) type = memory[option + 2] ?? 0;
    if (memory[option] === optionCodes.serverIdentifier) server = memory.readUInt32BE(option + 2);
    option += 2 + (memory[option + 1] ?? 0);
  }
  if (type !== messageTypes.offer && type !== messageTypes.ack && type !== messageTypes.nak) return undefined;
  const [xid, address, mac] = [memory.readUInt32BE(dhcpAt + 4), memory.readUInt32BE(dhcpAt + 16), memory.readUIntBE(dhcpAt + 28, 6)];
  return { type, xid, mac, address, server };
}
