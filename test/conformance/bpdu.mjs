/**
 * BPDUs of VDE's spanning tree, and a bridge that a test plays itself.
 */
import { Client, portWord, tagged } from './peer.mjs';

const macOctets = (text) => Buffer.from(text.replaceAll(':', ''), 'hex');

/** Returns a bridge: priority and address. */
export function bridgeId(priority, mac) {
  const octets = Buffer.alloc(8);
  octets.writeUInt16BE(priority, 0);
  macOctets(mac).copy(octets, 2);
  return octets;
}

/** Returns the frame of a BPDU: 53 octets. `bridge` and `root` are made by `bridgeId`. */
export function bpdu({ bridge, root = bridge, cost = 0, port = 1, flags = 0x3c, age = 0, version = 2, type = 2 }) {
  const octets = Buffer.alloc(53);
  Buffer.from('0180c2000000', 'hex').copy(octets, 0);
  bridge.copy(octets, 6, 2);
  Buffer.from('0027424203', 'hex').copy(octets, 12);
  octets.set([0, 0, version, type, flags], 17);
  root.copy(octets, 22);
  octets.writeUInt32BE(cost, 30);
  bridge.copy(octets, 34);
  octets.writeUInt16BE(0x8000 | port, 42);
  octets.set([age, 0, 40, 0, 4, 0, 0, 0, 0], 44);
  return octets;
}

/** Returns whether a frame is for the bridges. */
export const isBpdu = (octets) => octets.toString('hex', 0, 6) === '0180c2000000';

/** Decodes a BPDU, with or without a tag; undefined if it is none. */
export function readBpdu(octets) {
  if (octets === undefined || !isBpdu(octets)) return undefined;
  const isTagged = octets.readUInt16BE(12) === 0x8100;
  const plain = isTagged ? Buffer.concat([octets.subarray(0, 12), octets.subarray(16)]) : octets;
  return {
    vid: isTagged ? octets.readUInt16BE(14) & 0xfff : 0,
    flags: plain[21],
    role: ['unknown', 'root', 'alternate', 'designated'][(plain[21] >> 2) & 3],
    forwarding: (plain[21] & 0x20) !== 0,
    change: (plain[21] & 1) !== 0,
    root: plain.toString('hex', 22, 30),
    cost: plain.readUInt32BE(30),
    bridge: plain.toString('hex', 34, 42),
    port: plain.readUInt16BE(42),
    octets,
  };
}

/** A bridge on one port of a switch, which says what the test wants. */
export class FakeBridge {
  static async open(t, directory, port, id) {
    const fake = new FakeBridge();
    fake.client = await Client.joined(t, directory, portWord(port));
    fake.id = id;
    return fake;
  }

  say(what = {}, vid) {
    const octets = bpdu({ bridge: this.id, ...what });
    this.client.send(vid === undefined ? octets : tagged(octets, vid));
  }

  /** Returns the next BPDU for which `wanted` holds; undefined when none comes for a while. */
  async hears(wanted = () => true, limit) {
    return readBpdu(await this.client.receiveThat((octets) => isBpdu(octets) && wanted(readBpdu(octets)), limit));
  }
}
