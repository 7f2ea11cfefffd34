/**
 * Clients on the ports of one switch, and who of them hears a frame.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, everybody, frame, portWord, scratch, startSwitch, tagged } from './peer.mjs';

const markerType = 0x88b6;
const markerSource = '02:ff:ff:ff:ff:ff';

/** Returns the rc file with these lines. Its path. */
export function rcFile(t, lines) {
  const path = join(scratch(t), 'rc');
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
  return path;
}

/**
 * A switch with the clients of a test. The frames that they receive are complete, since a marker follows in every VLAN, from one more
 * client, on port 31, which is in all of them. A switch that takes one frame of each port in turn may let the first marker overtake a
 * frame, and not the second; of several frames each lets one more overtake the last.
 */
export class Bench {
  /**
   * `ports` names clients: `{ A: { port: 1, vid: 10, tags: [20] } }` has A on port 1, in VLAN 10 without tags and in 20 with them; `vid`
   * may be `none`. `args` are further arguments of the switch, and `lines` of its rc file.
   */
  static async open(t, ports, { args = [], lines = [] } = {}) {
    const bench = new Bench();
    const all = Object.values(ports);
    bench.vids = [...new Set([0, ...all.flatMap(({ vid = 0, tags = [] }) => [vid, ...tags])])].filter((vid) => vid !== 'none');
    const rc = bench.vids.filter((vid) => vid !== 0).map((vid) => `vlan/create ${vid}`);
    for (const { port, vid = 0, tags = [] } of [...all, { port: 31, vid: 0, tags: bench.vids }]) {
      rc.push(`port/create ${port}`, `port/setvlan ${port} ${vid === 'none' ? 4095 : vid}`);
      for (const tag of tags) rc.push(`vlan/addport ${tag} ${port}`);
    }
    bench.directory = join(scratch(t), 'sw');
    bench.switch = await startSwitch(t, bench.directory, '-f', rcFile(t, [...rc, ...lines]), ...args);
    bench.clients = {};
    for (const [name, port] of Object.entries(ports)) {
      bench.clients[name] = await Client.joined(t, bench.directory, portWord(port.port));
      // Where it waits for the marker.
      bench.clients[name].vid = port.vid === undefined ? 0 : port.vid === 'none' ? port.tags[0] : port.vid;
    }
    // The last to come, so that what others sent before it was handled before.
    bench.marker = await Client.joined(t, bench.directory, portWord(31));
    await bench.heard();
    return bench;
  }

  #round = 0;

  /** Sends frames by a client, in order, and returns what each client heard of them: `{ A: [], B: [frame] }`. */
  async send(name, ...frames) {
    for (const octets of frames) this.clients[name].send(octets);
    return this.heard(frames.length);
  }

  /**
   * Returns the frames that each client has received since the last call, if no port has more than `underWay` frames that the switch has
   * not taken.
   */
  async heard(underWay = 1) {
    const rounds = [];
    while (rounds.length <= underWay) rounds.push(await this.#mark());
    return Object.fromEntries(Object.keys(this.clients).map((name) => [name, rounds.flatMap((heard) => heard[name])]));
  }

  async #mark() {
    this.#round += 1;
    for (const vid of this.vids) {
      const marker = frame(everybody, markerSource, 60, this.#round & 0xff, markerType);
      marker.writeUInt16BE(vid, 14);
      this.marker.send(vid === 0 ? marker : tagged(marker, vid));
    }
    const heard = {};
    for (const [name, client] of Object.entries(this.clients)) heard[name] = await this.#until(client);
    return heard;
  }

  async #until(client) {
    const heard = [];
    for (;;) {
      const octets = await client.receive();
      if (octets === undefined) throw new Error(`no marker of VLAN ${client.vid}`);
      const payload = octets.readUInt16BE(12) === 0x8100 ? octets.subarray(16) : octets.subarray(12);
      if (payload.readUInt16BE(0) !== markerType) heard.push(octets);
      else if (payload.readUInt16BE(2) === client.vid && payload[4] === (this.#round & 0xff)) return heard;
    }
  }
}

/** Returns the same, written short: `{ B: 'untagged 60', T: 'vid 10 pcp 0 64' }`; who heard nothing is not there. */
export function inShort(heard) {
  const short = {};
  for (const [name, frames] of Object.entries(heard)) if (frames.length > 0) short[name] = frames.map(shortly).join(', ');
  return short;
}

function shortly(octets) {
  if (octets.length < 16 || octets.readUInt16BE(12) !== 0x8100) return `untagged ${octets.length}`;
  const tci = octets.readUInt16BE(14);
  return `vid ${tci & 0xfff} pcp ${tci >> 13}${tci & 0x1000 ? ' dei' : ''} ${octets.length}`;
}
