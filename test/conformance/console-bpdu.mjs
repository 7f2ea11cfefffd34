/**
 * BPDUs of the fast spanning tree, as octets: 53 without a tag, of version 2 and type 2.
 */

const octets = (id) => Buffer.from(id.replaceAll(/[.:]/g, ''), 'hex');

/**
 * A BPDU in its frame. Bridges are `1000.00:ff:00:00:00:01`: priority and address. `flags` say by default that the sender is a designated
 * port that forwards.
 */
export function bpdu({ root, cost = 0, bridge = root, port = 0x8001, flags = 0x3c, version = 2, type = 2, messageAge = 0, vlan }) {
  const payload = Buffer.alloc(39);
  payload.set([0x42, 0x42, 3, 0, 0, version, type, flags]);
  payload.set(octets(root), 8);
  payload.writeUInt32BE(cost, 16);
  payload.set(octets(bridge), 20);
  payload.writeUInt16BE(port, 28);
  payload.set([messageAge, 0, 40, 0, 4, 0], 30);
  const tag = vlan === undefined ? Buffer.alloc(0) : Buffer.from([0x81, 0, vlan >> 8, vlan & 0xff]);
  return Buffer.concat([octets('0180c2000000'), octets(bridge).subarray(2), tag, Buffer.from([0, 39]), payload]);
}

/** What a frame says, in the same words; undefined when it is no BPDU. */
export function readBpdu(frame) {
  if (frame?.toString('hex', 0, 6) !== '0180c2000000') return undefined;
  const vlan = frame.readUInt16BE(12) === 0x8100 ? frame.readUInt16BE(14) & 0xfff : undefined;
  const payload = frame.subarray(vlan === undefined ? 14 : 18);
  return {
    length: frame.length,
    vlan,
    source: bridgeText(frame.subarray(4, 12)).slice(5),
    flags: payload[7],
    root: bridgeText(payload.subarray(8, 16)),
    cost: payload.readUInt32BE(16),
    bridge: bridgeText(payload.subarray(20, 28)),
    port: payload.readUInt16BE(28),
  };
}

/** The next BPDU that a client hears, and that is wanted; undefined when none comes. */
export async function nextBpdu(client, wanted = () => true) {
  const heard = await client.receiveThat((frame) => {
    const said = readBpdu(frame);
    return said !== undefined && wanted(said);
  });
  return readBpdu(heard);
}

function bridgeText(octets) {
  return `${octets.toString('hex', 0, 2)}.${octets.toString('hex', 2, 8).replaceAll(/..(?=.)/g, '$&:')}`;
}
