import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { GuestConsole } from '../../src/launcher/guest/guest-console.ts';
import { guestFilesIn } from '../../src/launcher/guest/guest-record.ts';
import { groupNeeds, GroupNet, groupPort, groupSubnet, type GroupHost } from './group-net.ts';
import { guestNeeds } from './peers.ts';
import type { Running } from './running.ts';
import { useStage } from './stage.ts';
import { guestImage, leaseOf } from './star.ts';

const slaves = 8;
/** The nodes with a guest: the master and the first slaves. The others have a station. */
const withGuest = 2;

/** Returns the address of the guest with that id. */
const addressOf = (id: number): string => `10.77.0.${10 + id}`;

describe('a master and eight slaves, each on a machine of its own, one of them behind a NAT', { timeout: 180_000 }, () => {
  const stage = useStage(['networks', ...groupNeeds, ...guestNeeds]);

  /** Adds the machines: the master, and the slaves in the order of their ids. */
  const machines = async (net: GroupNet): Promise<[GroupHost, ...GroupHost[]]> => {
    const master = await net.add('heart');
    const hosts: GroupHost[] = [];
    for (let id = 1; id < slaves; id++) hosts.push(await net.add(`friend-${id}`));
    return [master, ...hosts, await net.addBehindNat(`friend-${slaves}`)];
  };

  /** Waits until the guests have their leases, and all guests and stations have pinged each other. */
  const pingAll = async (net: GroupNet, nodes: readonly Node[]): Promise<void> => {
    const addresses = nodes.map(({ id }) => addressOf(id));
    const [guests, others] = [nodes.slice(0, 1 + withGuest), nodes.slice(1 + withGuest)];
    const stations = others.map(({ host, id }) => net.station(host, id, addresses));
    for (const { id, running } of guests) expect(await leaseOf(running)).toBe(addressOf(id));
    for (const [at, { id }] of others.entries()) await stations[at]?.line(new RegExp(`: ready, ${addressOf(id)}"`));
    const answered = stations.map(async (station) => {
      for (const address of addresses) await station.line(new RegExp(`"msg":"${address.replaceAll('.', '\\.')} answers in `));
    });
    const pinged = guests.map(async ({ host }) => {
      using console = await GuestConsole.open(guestFilesIn(`${net.state(host.name)}/guest`).console);
      for (const address of addresses) expect((await console.run(`ping -c 1 -W 5 ${address}`)).status, address).toBe(0);
    });
    await Promise.all([...answered, ...pinged]);
  };

  it('join by the printed line, get their leases, and ping each other, and a listener finds no frame, token or name', async (context) => {
    const image = await guestImage(stage);
    const net = await GroupNet.open(stage);
    const [master, ...hosts] = await machines(net);
    const recorded = await net.record();
    const guest = ['--guest', image, '--accel', 'tcg'];
    const { running, line } = await net.master(master, '--advertise', `${master.address}:${groupPort}`, ...guest);
    expect(line).toMatch(new RegExp(`^10\\.9\\.0\\.1:${groupPort}/[a-z2-7]{32}\\.[a-z2-7]{8}\\.[a-z2-7]{26}$`));
    const nodes: Node[] = [{ id: 0, host: master, running }];
    let slowest = 0;
    for (const host of hosts) {
      const begun = performance.now();
      const id = nodes.length;
      const joined = await net.join(host, line, ...(id <= withGuest ? guest : []));
      slowest = Math.max(slowest, performance.now() - begun);
      nodes.push({ id, host, running: joined });
    }
    await context.annotate(`the slowest slave was ready after ${Math.round(slowest)} ms`);
    expect(await net.ask(master, 'group', 'wait', '--members', String(slaves), '--timeout', '30')).toMatchObject({ status: 0 });
    const { members } = JSON.parse((await net.ask(master, 'group', '--json')).text) as { members: { id: number; name: string }[] };
    expect(members.map(({ id, name }) => [id, name])).toEqual([[0, 'master'], ...hosts.map(({ name }, at) => [at + 1, name])]);
    const [first = master] = hosts;
    const captured = await net.capture(first);
    await pingAll(net, nodes);
    const pieces = piecesOf(await captured());
    const octets = await recorded();
    const secrets = [line.split('.').at(-1) ?? '', line.slice(line.indexOf('/') + 1), ...hosts.map(({ name }) => name)];
    expect(found([...pieces, ...secrets], octets).map(String)).toEqual([]);
    expect([pieces.length, octets.length]).toEqual([atLeast(100), atLeast(50_000)]);
  });

  it('show all of that to a listener where they are plain', async () => {
    const net = await GroupNet.open(stage);
    const [master, friend] = [await net.add('heart'), await net.add('friend-1')];
    const recorded = await net.record();
    const place = `${master.address}:${groupPort}`;
    await net.start(master, 'master', '--listen', place, '--subnet', groupSubnet, '--plain').line(/^ready$/);
    const slave = net.start(friend, 'slave', '--master', place, '--plain');
    await slave.line(/"msg":"linked to /);
    const captured = await net.capture(friend);
    await net.station(friend, 1, ['10.77.0.1']).line(/10\.77\.0\.1 answers in/);
    const pieces = piecesOf(await captured());
    const octets = await recorded();
    const key = readFileSync(`${net.state(friend.name)}/node-key`, 'utf8').trim();
    expect(found([...pieces, key, friend.name], octets)).toEqual([...pieces, key, friend.name]);
    expect(pieces.length).toEqual(atLeast(10));
  });
});

/** A node that runs. */
interface Node {
  readonly id: number;
  readonly host: GroupHost;
  readonly running: Running;
}

/** The octets of a frame that are looked for at a time. */
const pieceOctets = 12;

/** Returns the different pieces of frames, of which the first is its addresses, without those of a few values that may stand anywhere. */
function piecesOf(frames: readonly Uint8Array[]): readonly Buffer[] {
  const pieces = new Map<string, Buffer>();
  for (const frame of frames) {
    for (let at = 0; at + pieceOctets <= frame.length; at += pieceOctets) {
      const piece = Buffer.from(frame.subarray(at, at + pieceOctets));
      if (new Set(piece).size > 6) pieces.set(piece.toString('latin1'), piece);
    }
  }
  return [...pieces.values()];
}

/** Returns those that stand in the octets. */
function found<Piece extends Buffer | string>(pieces: readonly Piece[], octets: Buffer): readonly Piece[] {
  return pieces.filter((piece) => octets.includes(piece));
}

/** Matches a number that is at least so large. */
function atLeast(least: number): unknown {
  return expect.toSatisfy((value: number) => value >= least, `at least ${least}`);
}
