import { readdirSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { quietLog } from '../../src/log.ts';
import { realClock } from '../../src/clock.ts';
import { SwitchService } from '../../src/daemon/switch-service.ts';
import { realRandom } from '../../src/random.ts';
import { answers } from '../../src/system/unix-socket.ts';
import type { Fstp } from '../../src/switch/switch.ts';
import { decodeBpdu, isForBridges } from '../../src/wire/bpdu.ts';
import { vid } from '../../src/wire/dot1q.ts';
import { macFromNumber } from '../../src/wire/mac.ts';
import { readUint32 } from '../../src/wire/octets.ts';
import { Plug } from './plug.ts';
import type { Running } from './running.ts';
import { until, useStage } from './stage.ts';

const untagged = vid(0);
const better = 0x1000;
const worse = 0x9000;

/** More wires than any way in these networks has. */
const longest = 4;

/** Returns whether it is what a bridge says every four seconds. */
function isHello(frame: Uint8Array): boolean {
  const bpdu = isForBridges(frame) ? decodeBpdu(frame.subarray(14)) : undefined;
  return bpdu?.agreement === true && bpdu.role === 'designated';
}

describe('a spanning tree of ours and the original vde_switch', { timeout: 90_000 }, () => {
  const stage = useStage(['vde_switch', 'vde_plug', 'dpipe']);
  const services: SwitchService[] = [];
  let stations: Plug[] = [];
  let probes = 0;

  afterEach(async () => {
    for (const service of services.splice(0)) await service[Symbol.asyncDispose]();
    stations = [];
  });

  /** Starts the original with its tree on, and returns its directory. */
  async function original(name: string, priority: number): Promise<string> {
    const directory = stage.path(name);
    const address = `00:ff:00:00:0${name}:01`;
    const running = stage.start(['vde_switch', '-s', directory, '-F', '--macaddr', address, '--priority', String(priority)]);
    await until('the original serves', () => answers(`${directory}/ctl`, 'stream') || running.ended !== undefined);
    expect(running.ended, running.lines.join()).toBeUndefined();
    return directory;
  }

  /** Returns a switch of ours with its tree on, with a wire to each of these. */
  async function ours(name: string, priority: number, others: readonly string[]): Promise<{ directory: string; fstp: Fstp }> {
    const mac = macFromNumber(0x00ff_0000_f001);
    const environment = { clock: realClock, random: realRandom, log: quietLog };
    const service = await SwitchService.open({ directory: stage.path(name), mac, priority }, environment);
    services.push(service);
    const { fstp } = service.plane.switch;
    fstp.enabled = true;
    for (const other of others) await service.openPort(`vde://${other}`);
    return { directory: service.directory, fstp };
  }

  /** Returns the number of the original's ports with a client. */
  const portSockets = (directory: string): number => readdirSync(directory).filter((name) => /^\d/.test(name)).length;

  function wire(a: string, b: string): Running {
    return stage.start(['dpipe', 'vde_plug', a, '=', 'vde_plug', b], { group: true });
  }

  /** Sends a broadcast from each station, and returns the number that all of them have. */
  function broadcast(): number {
    const serial = ++probes;
    for (const [i, station] of stations.entries()) {
      const frame = Buffer.alloc(60);
      frame.set([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, i, 0x88, 0xb5]);
      frame.writeUInt32BE(serial, 14);
      station.send(frame);
    }
    return serial;
  }

  /** Returns how often each station has heard the broadcast of each. */
  function heard(serial: number): number[][] {
    return stations.map((station) => {
      const frames = station.heard.map(({ frame }) => frame).filter((frame) => !isForBridges(frame) && frame.length === 60);
      const these = frames.filter((frame) => readUint32(frame, 14) === serial);
      return stations.map((_, i) => these.filter((frame) => frame[11] === i).length);
    });
  }

  /** Waits until each station has heard that of each other, and tells whether it came so. */
  function isHeard(serial: number): Promise<boolean> {
    const all = (): boolean => heard(serial).every((from, to) => from.every((count, i) => i === to || count > 0));
    return until('all is heard', all, 2_000).then(
      () => true,
      () => false,
    );
  }

  /** Returns how often each station hears a broadcast of each: once, but its own, when there is a tree. */
  async function copies(): Promise<number[][]> {
    const serial = broadcast();
    // A second copy comes by a longer way. By then others have arrived everywhere, one after the other, by the shortest.
    for (let later = 0, all = await isHeard(serial); all && later < longest; later++) all = await isHeard(broadcast());
    return heard(serial);
  }

  async function becomesTree(): Promise<void> {
    const once = stations.map((_, to) => stations.map((__, from) => Number(to !== from)));
    let last: number[][] = [];
    const isTree = async (): Promise<boolean> => {
      last = await copies();
      return JSON.stringify(last) === JSON.stringify(once);
    };
    await until('everybody hears everybody else once', isTree, 40_000).catch((error: unknown) => {
      throw new Error(`last heard: ${JSON.stringify(last)}`, { cause: error });
    });
    // And it stays, over a hello of each.
    const before = stations.map(({ heard }) => heard.length);
    const saidHello = (): boolean => stations.every(({ heard }, i) => heard.slice(before[i]).some(({ frame }) => isHello(frame)));
    await until('each switch says hello', async () => {
      expect(await copies()).toEqual(once);
      return saidHello();
    });
  }

  it.each([
    ['ours', better, worse],
    ['the original', worse, better],
  ])('two wires become one, where %s is the root', async (_, ourPriority, theirs) => {
    const directory = await original('1', theirs);
    const { directory: own, fstp } = await ours('f', ourPriority, [directory, directory]);
    stations = [directory, own].map((there) => new Plug(stage, there));
    await becomesTree();
    const state = fstp.state(untagged);
    expect(state.root.priority).toBe(better);
    expect(state.rootPort === undefined).toBe(ourPriority === better);
    expect(state.ports.filter((port) => port.neighbour)).toHaveLength(2);
  });

  it.each([
    ['ours', better, worse, worse],
    ['an original', worse, better, worse],
    ['an original, and ours the next best,', 0x5000, worse, better],
  ])('a ring with two originals becomes a tree, where %s is the root, and heals when it is cut', async (_, ourPriority, one, two) => {
    const [a, b] = [await original('1', one), await original('2', two)];
    const { directory, fstp } = await ours('f', ourPriority, [a, b]);
    const joint = wire(a, b);
    await until('the wire is plugged in', () => [a, b].every((there) => portSockets(there) === 2));
    stations = [a, b, directory].map((there) => new Plug(stage, there));
    await becomesTree();
    expect(fstp.state(untagged).root.priority).toBe(better);
    await joint.end();
    await becomesTree();
  });

  it('two wires become one by the options of the command alone, with the address and priority that it is given', async () => {
    const directory = await original('1', worse);
    const own = stage.path('f');
    const identity = ['--fstp', '--macaddr', '00:ff:00:00:f0:01', '--priority', String(better)];
    const dialled = [1, 2].flatMap(() => ['--port', `vde://${directory}`]);
    await stage.etherloom('switch', '--sock', own, ...identity, ...dialled);
    stations = [directory, own].map((there) => new Plug(stage, there));
    await becomesTree();
    const bpdu = stations[1]?.heard.map(({ frame }) => frame).find(isForBridges);
    expect(decodeBpdu(bpdu?.subarray(14) ?? new Uint8Array(0))?.root).toEqual({ priority: better, mac: macFromNumber(0x00ff_0000_f001) });
  });
});
