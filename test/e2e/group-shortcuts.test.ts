import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { Workplace } from '../../bench/harness/workplace.ts';
import { areNear, type Fault } from '../../bench/shortcuts/fault.ts';
import { flowsWithin, settle } from '../../bench/shortcuts/rounds.ts';
import { Station } from '../../bench/shortcuts/station.ts';
import { Traffic } from '../../bench/shortcuts/traffic.ts';
import { pairsOf, pairsWithin, TwoLans, type Heal, type ShownMember } from '../../bench/shortcuts/two-lans.ts';
import { Host } from './host.ts';
import { bin, until, useStage } from './stage.ts';

const transfers = join(import.meta.dirname, 'internet-peer.mjs');

/** The longest time from the first frame between two nodes of a LAN until they have a shortcut, in milliseconds. */
const soon = 2000;

/** The longest life of a shortcut whose slave does not reach the master, in milliseconds, with the beats at which slaves look. */
const longestLife = 10_000 + 500;

describe('six members in two LANs behind NATs, and a master outside', { timeout: 120_000 }, () => {
  const stage = useStage(['namespaces', 'networks', 'ip', 'nft'], { shared: true });
  const workplace = new Workplace({ ours: fileURLToPath(new URL('../..', import.meta.url)) });
  let opened: Promise<TwoLans> | undefined;
  const open = (): Promise<TwoLans> => (opened ??= TwoLans.open(workplace));
  afterAll(() => workplace[Symbol.asyncDispose]());

  /** Starts traffic between all nodes, and returns it once it is open and goes by the shortcuts within each LAN. */
  const traffic = async (star: TwoLans): Promise<Traffic> => {
    const made = new Traffic(star.places, { isDense: areNear, processes: star.processes });
    const direct = await settle(star, made, 60_000);
    expect(direct.size, [...direct].join(', ')).toBe(flowsWithin);
    return made;
  };

  /** Lets time pass for the traffic. */
  const pass = (given: Traffic, milliseconds: number): Promise<void> => {
    const end = given.now + milliseconds;
    return until(`${milliseconds} ms have passed`, () => given.now >= end, 10 * milliseconds);
  };

  it('have a shortcut within each LAN soon after the first frames, and none else, as group shows', async (context) => {
    const star = await open();
    expect(await star.pairs()).toEqual([]);
    const [one, two] = [1, 2].map((at) => star.places[at]).map((place) => place && new Station(place.mac, place.directory));
    if (!one || !two) throw new Error('no stations');
    const began = performance.now();
    const talk = setInterval(() => {
      for (const [from, to] of [[one, two] as const, [two, one] as const]) {
        from.plugIn(performance.now());
        from.send([{ to: to.mac, number: 0 }]);
        from.receive(() => undefined);
      }
    }, 20);
    await until('they have a shortcut', async () => (await star.pairs()).length > 0);
    clearInterval(talk);
    for (const station of [one, two]) station[Symbol.dispose]();
    const took = performance.now() - began;
    await context.annotate(`shown ${Math.round(took)} ms after the first frame`);
    expect(took).toBeLessThan(soon);
    using all = await traffic(star);
    const { members } = JSON.parse(await star.ask(0, 'group', '--json')) as { readonly members: readonly ShownMember[] };
    expect(pairsOf(members)).toEqual(pairsWithin);
    expect(all.checker.faults).toEqual([]);
  });

  it('go on when the LAN, the master or both are cut in the middle of a TCP stream: no octet, no order and little time is lost', async (context) => {
    const star = await open();
    using all = await traffic(star);
    const hosts = await Promise.all([1, 2].map((id) => Host.open(stage, { mac: `02:00:00:00:00:0${id}`, address: `10.77.0.20${id}/24` })));
    const [server, client] = hosts;
    if (!server || !client) throw new Error('no hosts');
    for (const [i, host] of hosts.entries()) await host.plug(star.node(i + 1).sock, bin('vde_plug2tap'));
    const stream = server.start([process.execPath, transfers, 'stream', '10.77.0.201', '80']);
    await stream.line(/^streaming$/);
    const follow = client.start([process.execPath, transfers, 'follow', '10.77.0.201', '80']);
    await follow.line(/^moving$/);
    /** Returns how many frames more than those of the numbered flow go by the shortcut in a time: the frames of the stream. */
    const streamed = async (milliseconds: number): Promise<number> => {
      const sent = async (): Promise<number> => (await star.sentDirectly()).get('1 2') ?? 0;
      const [before, numbered] = [await sent(), all.checker.flow(1, 2).sent];
      await pass(all, milliseconds);
      return (await sent()) - before - (all.checker.flow(1, 2).sent - numbered);
    };
    await until('the stream goes by the shortcut', async () => (await streamed(500)) > 100, 30_000);
    const worst = (): number => Math.round(Math.max(...all.checker.flows.map(({ worstGap }) => worstGap)));
    const isDirect = areNear;
    const cutMaster: Fault = { kind: 'stop', node: 0, other: 0, lasts: 0 };
    const cutLan: Fault = { kind: 'lan', node: 1, other: 2, lasts: 0 };

    all.expect(cutMaster, isDirect);
    let heal: Heal = await star.suffer(cutMaster);
    const frames = await streamed(3000);
    await context.annotate(`without the master ${frames} frames of the stream went by the shortcut`);
    expect(frames).toBeGreaterThan(100);
    await heal();
    await all.open();
    await context.annotate(`without the master nothing came for ${worst()} ms at most`);

    all.expect(cutLan, isDirect);
    const mend = await star.suffer(cutLan);
    await pass(all, 2000);
    await context.annotate(`without the LAN nothing came for ${worst()} ms at most`);

    for (const flow of all.checker.flows) flow.excuse();
    heal = await star.suffer(cutMaster);
    await pass(all, 1500);
    await heal();
    await mend();
    await all.open();
    stream.stdin.end();
    const [, sent] = await stream.line(/^sent (\d+)$/);
    await follow.line(new RegExp(`^same ${sent} octets$`));
    await context.annotate(`${sent} octets came as they were sent`);
    expect(all.checker.faults).toEqual([]);
  });

  it('end their shortcuts when they have not reached the master for 10 s', async (context) => {
    const star = await open();
    using all = await traffic(star);
    const flows = [4, 6].map((to) => all.checker.flow(5, to));
    const cut: Fault = { kind: 'away', node: 5, other: 4, lasts: 0 };
    all.expect(cut, areNear);
    const heal = await star.suffer(cut);
    const began = all.now;
    await pass(all, 12_000);
    await heal();
    const lived = flows.map(({ heardAt }) => Math.round(heardAt - began));
    await context.annotate(`the last frames came ${lived.join(' and ')} ms after the cut`);
    for (const milliseconds of lived) {
      expect(milliseconds).toBeGreaterThan(5000);
      expect(milliseconds).toBeLessThan(longestLife);
    }
    await all.open();
    expect(all.checker.faults).toEqual([]);
  });

  it('end their shortcuts to a member that is kicked at once, though it does not hear of it', async (context) => {
    const star = await open();
    using all = await traffic(star);
    const flows = [1, 3].map((to) => all.checker.flow(2, to));
    const cut: Fault = { kind: 'away', node: 2, other: 1, lasts: 0 };
    all.expect(cut, areNear);
    await star.suffer(cut);
    await pass(all, 1000);
    expect(flows.map((flow) => flow.isOpen(all.now))).toEqual([true, true]);
    for (const flow of all.checker.flows) flow.excuse();
    await star.ask(0, 'group', 'kick', '2');
    const kicked = all.now;
    await pass(all, 3000);
    const later = flows.map(({ heardAt }) => Math.round(heardAt - kicked));
    await context.annotate(`the last frames came ${later.join(' and ')} ms after the kick`);
    for (const milliseconds of later) expect(milliseconds).toBeLessThan(1000);
    expect(all.checker.faults).toEqual([]);
  });
});
