import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { internetChecksum } from '../../src/wire/checksum.ts';
import { Network, overlayNeeds, type Machine } from './overlay-rig.ts';
import { debianPython } from './peers.ts';
import type { Running } from './running.ts';
import { bin, useStage, type Stage } from './stage.ts';
import { VdeStation } from './vde-station.ts';

const [ours, listed, stranger, silent] = ['10.9.1.1', '10.9.1.2', '10.9.1.3', '10.9.1.4'];

/** The fate of a packet: it is taken, or dropped for a reason. */
type Fate = 'taken' | 'malformed' | 'stranger';

type Protocol = 'udp' | 'gre' | 'etherip';

/** A header in front of a frame, in hexadecimal digits, for ports of the VNI 77 and the key 42. */
interface Hostile {
  readonly protocol: Protocol;
  readonly header: string;
  readonly fate: Fate;
}

const hostile: readonly Hostile[] = [
  { protocol: 'udp', header: '0800000000004d00', fate: 'taken' },
  { protocol: 'udp', header: '0000000000004d00', fate: 'malformed' },
  { protocol: 'udp', header: '8800000000004d00', fate: 'malformed' },
  { protocol: 'udp', header: '0c00000000004d00', fate: 'malformed' },
  { protocol: 'udp', header: 'ff00000000004d00', fate: 'malformed' },
  { protocol: 'udp', header: '08ffffff00004d00', fate: 'malformed' },
  { protocol: 'udp', header: '0800000000004dff', fate: 'malformed' },
  { protocol: 'udp', header: '0800000000004e00', fate: 'stranger' },
  { protocol: 'gre', header: '200065580000002a', fate: 'taken' },
  { protocol: 'gre', header: '00006558', fate: 'stranger' },
  { protocol: 'gre', header: '200065580000002b', fate: 'stranger' },
  { protocol: 'gre', header: '300065580000002a00000007', fate: 'taken' },
  { protocol: 'gre', header: 'a000655812340000000002a0', fate: 'stranger' },
  { protocol: 'gre', header: 'a0006558123400000000002a', fate: 'malformed' },
  { protocol: 'gre', header: '600065580000002a', fate: 'malformed' },
  { protocol: 'gre', header: '200165580000002a', fate: 'malformed' },
  { protocol: 'gre', header: '200265580000002a', fate: 'malformed' },
  { protocol: 'gre', header: '240065580000002a', fate: 'malformed' },
  { protocol: 'gre', header: '280065580000002a', fate: 'malformed' },
  { protocol: 'gre', header: '200008000000002a', fate: 'malformed' },
  { protocol: 'gre', header: '200088be0000002a', fate: 'malformed' },
  { protocol: 'etherip', header: '3000', fate: 'taken' },
  { protocol: 'etherip', header: '3001', fate: 'malformed' },
  { protocol: 'etherip', header: '3800', fate: 'malformed' },
  { protocol: 'etherip', header: '2000', fate: 'malformed' },
  { protocol: 'etherip', header: '4000', fate: 'malformed' },
];

/** Each protocol with its number in IP, the number of its port on the switch, and a header that is right. */
const tunnels = {
  udp: { number: 17, port: 1, right: '0800000000004d00' },
  gre: { number: 47, port: 2, right: '200065580000002a' },
  etherip: { number: 97, port: 3, right: '3000' },
} as const;
const everyProtocol = ['udp', 'gre', 'etherip'] as const;
const icmpNumber = 1;

/** The serial of the frames that end an attack. */
const last = 0xffff_ffff;

/** Forged errors, type and code: unreachable in each way, too long, source quench, redirect, time exceeded, parameter problem. */
const errors = ['0300', '0301', '0302', '0303', '0304', '030d', '0400', '0501', '0b00', '0c00'];

describe('a switch whose ports on tunnels are attacked', { timeout: 60_000 }, () => {
  const stage = useStage(['networks', ...overlayNeeds, 'ss', debianPython]);

  it('takes what is right from hosts that it lists, and counts all else', async () => {
    using attack = await Attack.open(stage);
    const packets = hostile.flatMap(({ protocol, header }, serial) => [
      packet(stranger, protocol, header, frame(1_000 + serial)),
      packet(listed, protocol, header, frame(serial)),
    ]);
    const checksummed = Buffer.from('a0006558000000000000002a', 'hex');
    checksummed.writeUInt16BE(internetChecksum(Buffer.concat([checksummed, frame(2_000)])), 4);
    const runt = packet(listed, 'udp', tunnels.udp.right, new Uint8Array(13));
    await attack.send(runt, packet(listed, 'gre', checksummed.toString('hex'), frame(2_000)), ...packets);

    const taken = hostile.flatMap(({ fate }, serial) => (fate === 'taken' ? [serial] : []));
    expect((await attack.heard()).sort((a, b) => a - b)).toEqual([...taken, 2_000]);
    for (const protocol of everyProtocol) {
      const own = hostile.filter((one) => one.protocol === protocol);
      const fates = (fate: Fate): number => own.filter((one) => one.fate === fate).length;
      const counted = { malformed: fates('malformed'), stranger: fates('stranger') + own.length };
      expect(await attack.drops(protocol)).toEqual(protocol === 'udp' ? { ...counted, runt: 1 } : counted);
    }
  });

  it('loses nothing by forged ICMP errors', async () => {
    using attack = await Attack.open(stage);
    await attack.passesAll();
    const quoted = [
      ...(await attack.sourcePorts()).map((port) => ['udp', `${hex16(port)}${hex16(4789)}00100000`] as const),
      ['gre', tunnels.gre.right] as const,
      ['etherip', '3000ffffffffffff'] as const,
    ];
    expect(quoted.length).toBeGreaterThan(2);
    const forged = errors.flatMap((error) => quoted.map(([protocol, octets]) => icmp(error, protocol, octets)));
    await attack.send(...Array.from({ length: 50 }, () => forged).flat());
    await attack.passesAll();
    for (const protocol of everyProtocol) expect(await attack.drops(protocol)).toEqual({});
  });

  it('bears 100,000 stations from one host', async () => {
    using attack = await Attack.open(stage);
    const before = attack.memory();
    for (let first = 0; first < 100_000; first += 2_000) {
      // Each is for its own sender, so the switch has all the work and the station does not hear them.
      const frames = Array.from({ length: 2_000 }, (_, i) => Buffer.from(`${selfish(first + i)}88b5`.padEnd(120, '0'), 'hex'));
      await attack.send(...frames.map((one) => packet(listed, 'udp', tunnels.udp.right, one)));
      expect(await attack.heard()).toEqual([]);
    }
    expect(await attack.drops('udp')).toEqual({ 'same-port': 100_000 });
    expect(attack.memory() - before).toBeLessThan(100_000);
    await attack.passesAll();
  });
});

/** A switch with a port on each of the tunnels, a station on it, and a machine that sends whatever packets it likes. */
class Attack implements Disposable {
  readonly #stage: Stage;
  readonly #our: Machine;
  readonly #switch: Running;
  readonly #machine: Machine;
  readonly #sender: Running;
  readonly #station: VdeStation;
  #sent = 0;

  private constructor(stage: Stage, our: Machine, running: Running, machine: Machine, station: VdeStation) {
    this.#stage = stage;
    this.#our = our;
    this.#switch = running;
    this.#machine = machine;
    this.#sender = machine.start([debianPython, join(import.meta.dirname, 'raw-packets.py')]);
    this.#station = station;
  }

  static async open(stage: Stage): Promise<Attack> {
    const network = await Network.open(stage);
    const [our, machine] = [network.first, await network.add()];
    await network.cable([our, 'c1', `${ours}/24`], [machine, 'c1', `${listed}/24`, `${stranger}/24`]);
    // With two hosts, the port has a table of their stations.
    const running = await our.switch('s', [`vxlan://${listed},${silent}?vni=77`, `gretap://${listed}?key=42`, `etherip://${listed}`]);
    return new Attack(stage, our, running, machine, await VdeStation.plug(stage.path('s')));
  }

  /** Sends packets, and resolves when all have left. */
  async send(...packets: readonly string[]): Promise<void> {
    const from = this.#sender.lines.length;
    this.#sender.stdin.write(`${packets.join('\n')}\n\n`);
    await this.#sender.line(/^sent$/, { from });
  }

  /** Returns the serials of the frames that the station has heard, when all packets have been read: a last frame came by each tunnel. */
  async heard(): Promise<number[]> {
    await this.send(...everyProtocol.map((protocol) => packet(listed, protocol, tunnels[protocol].right, frame(last))));
    let left = everyProtocol.length;
    return this.#station
      .hear((one) => serialOf(one) === last && --left === 0)
      .map(serialOf)
      .filter((serial) => serial !== last);
  }

  /** Expects that frames pass both ways by each tunnel. */
  async passesAll(): Promise<void> {
    const serial = 3_000 + this.#sent++;
    await this.send(...everyProtocol.map((protocol) => packet(listed, protocol, tunnels[protocol].right, frame(serial))));
    expect(await this.heard()).toEqual([serial, serial, serial]);
    const watch = this.#machine.start([debianPython, join(import.meta.dirname, 'raw-packets.py'), 'watch', ours]);
    await watch.line(/^watching$/);
    this.#station.send([this.#station.frame('all', serial)]);
    for (const protocol of everyProtocol) await watch.line(new RegExp(`^${tunnels[protocol].number} .*88b5${hex32(serial)}`));
    await watch.end();
  }

  /** Returns the UDP ports by which our machine sends. */
  async sourcePorts(): Promise<number[]> {
    const text = await this.#our.sh('ss -Hun state all');
    return [...text.matchAll(/:(\d+)\s/g)].map(([, port]) => Number(port)).filter((port) => port >= 49_152);
  }

  /** Returns how much memory the switch has, in kibibytes. */
  memory(): number {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${this.#switch.pid}/status`, 'utf8'))?.[1]);
  }

  /** Returns what a port has dropped, by reason. */
  async drops(protocol: Protocol): Promise<Record<string, number>> {
    const { text } = await this.#stage.run([bin('vdecmd'), '-s', this.#stage.path('s.mgmt'), 'port/drops', String(tunnels[protocol].port)]);
    return Object.fromEntries([...text.matchAll(/([\w-]+)=(\d+)/g)].map(([, reason = '', count]) => [reason, Number(count)]));
  }

  [Symbol.dispose](): void {
    this.#station.unplug();
  }
}

/** Returns the MAC addresses of a frame from a station to itself. */
function selfish(station: number): string {
  return `0600${hex32(station)}`.repeat(2);
}

/** Returns a line for the sender: a frame in a tunnel of ours. */
function packet(source: string, protocol: Protocol, header: string, octets: Uint8Array): string {
  const payload = header + Buffer.from(octets).toString('hex');
  const udp = `${hex16(33_333)}${hex16(4_789)}${hex16(8 + payload.length / 2)}0000`;
  return `${source} ${ours} ${tunnels[protocol].number} ${protocol === 'udp' ? udp : ''}${payload}`;
}

/** Returns a line for the sender: an ICMP error that quotes the beginning of a packet of ours. A path's MTU is 68 in it, the least there can be. */
function icmp(error: string, protocol: Protocol, octets: string): string {
  const addresses = [ours, listed].flatMap((address) => address.split('.').map(Number));
  const quoted = Buffer.concat([
    Buffer.from(`450000500000400040${tunnels[protocol].number.toString(16)}0000`, 'hex'),
    Buffer.from(addresses),
  ]);
  quoted.writeUInt16BE(internetChecksum(quoted), 10);
  const message = Buffer.concat([Buffer.from(`${error}000000000044`, 'hex'), quoted, Buffer.from(octets, 'hex')]);
  message.writeUInt16BE(internetChecksum(message), 2);
  return `${listed} ${ours} ${icmpNumber} ${message.toString('hex')}`;
}

/** Returns a frame for all, with a serial. */
function frame(serial: number): Uint8Array {
  return Buffer.from(`ffffffffffff02000000009988b5${hex32(serial)}`.padEnd(120, '0'), 'hex');
}

function serialOf(octets: Uint8Array): number {
  return new DataView(octets.buffer, octets.byteOffset).getUint32(14);
}

const hex16 = (number: number): string => number.toString(16).padStart(4, '0');
const hex32 = (number: number): string => number.toString(16).padStart(8, '0');
