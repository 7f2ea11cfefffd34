import { describe, expect, it, onTestFinished } from 'vitest';
import { Liveness, type Life } from '../../src/star/liveness.ts';
import { ManualClock } from '../manual-clock.ts';
import { GroupLab, masterPin, type LabSlave } from './group-lab.ts';

/** A judge in manual time, and its verdicts: `suspect 3000`. */
function judge() {
  const clock = new ManualClock();
  const ticks: boolean[] = [];
  const liveness = new Liveness(clock, (isLate) => void ticks.push(isLate));
  onTestFinished(() => liveness[Symbol.dispose]());
  const verdicts: string[] = [];
  const watched = liveness.watch((life: Life, silence) => void verdicts.push(`${life} ${silence}`));
  return { clock, ticks, liveness, verdicts, watched };
}

describe('the life of a far end', () => {
  it('is suspect after 3 s without a sign, and gone after 5 s', () => {
    const { clock, verdicts, watched } = judge();
    clock.advanceSeconds(2);
    expect(watched.life).toBe('alive');
    clock.advanceSeconds(1);
    expect(verdicts).toEqual(['suspect 3000']);
    watched.heard();
    expect(verdicts).toEqual(['suspect 3000', 'alive 0']);
    clock.advanceSeconds(8);
    expect(verdicts.slice(2)).toEqual(['suspect 3000', 'gone 5000']);
  });

  it('has no verdict while the judge lags: by 0.3 s in each second, or once by an hour', () => {
    const { clock, ticks, verdicts, watched } = judge();
    for (let i = 0; i < 20; i++) clock.stall(1300);
    expect(verdicts).toEqual([]);
    watched.heard();
    clock.advanceSeconds(2);
    clock.stall(3_600_000);
    expect(verdicts).toEqual([]);
    expect(ticks.at(-1)).toBe(true);
    // The signs that waited are read now.
    watched.heard();
    clock.advanceSeconds(2);
    expect(verdicts).toEqual([]);
    clock.advanceSeconds(3);
    expect(verdicts).toEqual(['suspect 3000', 'gone 5000']);
  });

  it('is given more patience where that is wished', () => {
    const { clock, liveness } = judge();
    const verdicts: string[] = [];
    liveness.watch((life, silence) => void verdicts.push(`${life} ${silence}`), 3);
    clock.advanceSeconds(20);
    expect(verdicts).toEqual(['suspect 9000', 'gone 15000']);
  });
});

/** Starts a master and so many slaves, all joined. */
async function joinedLab(slaves: number): Promise<{ readonly lab: GroupLab; readonly slaves: readonly LabSlave[] }> {
  const lab = new GroupLab(slaves);
  void lab.master.start();
  await lab.run(20);
  const made = lab.master.engine?.newToken({ uses: 'any' });
  await lab.run(20);
  const { token } = (await made) ?? expect.fail('the master runs');
  for (let i = 0; i < slaves; i++) lab.slave({ pin: masterPin, addresses: ['master:7378'], token }).start();
  await lab.run(2000);
  expect(lab.slaves.map(({ engine }) => engine?.standing)).toEqual(lab.slaves.map(() => 'joined'));
  lab.master.events.length = 0;
  for (const { events } of lab.slaves) events.length = 0;
  return { lab, slaves: lab.slaves };
}

const typesOf = (events: readonly { readonly type: string }[]): readonly string[] => events.map(({ type }) => type);

describe('a master and its slaves, of which some are slow', () => {
  it('a slow member stays: stopped for 4 s again and again, it is suspect, and comes back', async () => {
    const { lab, slaves } = await joinedLab(2);
    for (let i = 0; i < 10; i++) {
      lab.freeze((slaves[0] ?? expect.fail()).process, 4000);
      await lab.run(6000);
    }
    expect(new Set(typesOf(lab.master.events))).toEqual(new Set(['suspect', 'back']));
    expect(new Set(lab.master.events.map((event) => 'id' in event && event.id))).toEqual(new Set([1]));
    expect(slaves.flatMap(({ events }) => typesOf(events))).toEqual([]);
  });

  it('a member that is stopped for longer is suspect after 3 s, gone after 5 s, and back with its id at once', async () => {
    const { lab, slaves } = await joinedLab(2);
    lab.freeze((slaves[0] ?? expect.fail()).process, 20_000);
    await lab.run(4100);
    expect(typesOf(lab.master.events)).toEqual(['suspect']);
    await lab.run(2000);
    expect(lab.master.events.at(-1)).toMatchObject({
      type: 'disconnected',
      id: 1,
      reason: expect.stringMatching(/^nothing was received for [56] s$/) as string,
    });
    await lab.run(15_000);
    expect(typesOf(lab.master.events)).toEqual(['suspect', 'disconnected', 'joined']);
    expect(slaves[0]?.ids).toEqual([1, 1]);
  });

  it('a slow master throws no member out: it lags by seconds, or is stopped for a minute', async () => {
    const { lab, slaves } = await joinedLab(3);
    for (let i = 0; i < 20; i++) {
      lab.freeze(lab.master.process, 2500);
      await lab.run(2600);
    }
    expect(lab.master.events).toEqual([]);
    lab.freeze(lab.master.process, 60_000);
    await lab.run(62_000);
    // The members have left it, each by itself, and are back.
    const ends = lab.master.events.filter(({ type }) => type === 'disconnected');
    expect(ends.map((event) => 'reason' in event && event.reason)).toEqual(['dropped', 'dropped', 'dropped']);
    expect(slaves.map(({ engine }) => engine?.standing)).toEqual(['joined', 'joined', 'joined']);
    expect(slaves.map(({ ids }) => new Set(ids).size)).toEqual([1, 1, 1]);
    expect(slaves.map(({ engine }) => engine?.mayServe)).toEqual([true, true, true]);
  });

  it('a link brings signs of life for a control connection that a relay has forgotten, and the slave makes a new one', async () => {
    const { lab, slaves } = await joinedLab(2);
    const [slave = expect.fail()] = slaves;
    for (const wire of slave.process.wires) wire.mute();
    for (let second = 0; second < 14; second++) {
      await lab.run(1000);
      lab.master.engine?.heard(slave.disk.current);
      slave.engine?.heard();
    }
    expect(lab.master.events).toEqual([]);
    expect(slave.events).toEqual([]);
    for (let second = 0; second < 4; second++) {
      await lab.run(1000);
      lab.master.engine?.heard(slave.disk.current);
      slave.engine?.heard();
    }
    expect(slave.events).toMatchObject([
      { type: 'lost', reason: expect.stringContaining('though the link is alive') as string },
      { type: 'joined' },
    ]);
    expect(typesOf(lab.master.events)).toEqual(['disconnected', 'joined']);
  });

  it('a silent control connection without a link is no life', async () => {
    const { lab, slaves } = await joinedLab(1);
    for (const wire of slaves[0]?.process.wires ?? []) wire.mute();
    await lab.run(7000);
    expect(typesOf(slaves[0]?.events ?? [])).toEqual(['suspect', 'lost', 'joined']);
  });
});
