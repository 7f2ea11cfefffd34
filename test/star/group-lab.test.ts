import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/lab/seeded-random.ts';
import { GroupState } from '../../src/star/group-state.ts';
import type { Token } from '../../src/star/token.ts';
import { GroupLab, masterPin, nextMasterPin } from './group-lab.ts';

/** Starts a master and slaves that join by one token. The points before their start do not count. */
async function begin(
  seed: number,
  crashes: readonly number[],
  slaves: number,
  cuts: readonly number[] = [],
): Promise<{ lab: GroupLab; token: Token }> {
  const lab = new GroupLab(seed);
  void lab.master.start();
  await lab.run(20);
  const made = lab.master.engine?.newToken({ uses: slaves });
  await lab.run(20);
  const { token } = (await made) ?? expect.fail('the master runs');
  lab.crashAt(crashes, cuts);
  for (let i = 0; i < slaves; i++) lab.slave({ pin: masterPin, addresses: ['master:7378'], token }).start();
  return { lab, token };
}

/** All are joined, each with an id of its own that it always had, and the token was used as often as there are members. */
function checkJoined(lab: GroupLab, token: Token): void {
  const state = new GroupState(lab.master.disk);
  expect(lab.slaves.map(({ engine }) => engine?.standing)).toEqual(lab.slaves.map(() => 'joined'));
  const ids = lab.slaves.map((slave) => {
    expect(new Set(slave.ids).size, `slave ${slave.number} has one id`).toBe(1);
    expect(state.memberOf(slave.ids[0] ?? 0)?.key).toBe(slave.disk.current);
    expect(slave.memory).toMatchObject({ token: undefined, welcome: { id: slave.ids[0] } });
    return slave.ids[0] ?? 0;
  });
  expect(ids.sort()).toEqual(lab.slaves.map((_, index) => index + 1));
  expect(state.size).toBe(lab.slaves.length);
  expect(state.token(token.id)?.used).toBe(lab.slaves.length);
}

/** Returns the points that a run without crashes passes. */
async function pointsOf(run: (lab: GroupLab) => Promise<void>, slaves: number): Promise<readonly string[]> {
  const { lab } = await begin(1, [], slaves);
  await run(lab);
  return lab.points;
}

const settle = (lab: GroupLab): Promise<void> => lab.run(12_000);

describe('a master and its slaves in virtual time', () => {
  it('lose neither an id nor a token, whoever crashes at whichever point of a join', { timeout: 120_000 }, async () => {
    const points = await pointsOf((lab) => lab.run(500), 3);
    expect(points.length).toBe(54);
    for (let point = 0; point < points.length; point++) {
      const { lab, token } = await begin(point, [point], 3);
      await settle(lab);
      expect(lab.points[point], 'a run is the same each time').toBe(points[point]);
      checkJoined(lab, token);
      const cut = await begin(point, [], 3, [point]);
      await settle(cut.lab);
      checkJoined(cut.lab, cut.token);
    }
  });

  it('lose nothing in many crashes, with connections that are cut', { timeout: 240_000 }, async () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = seededRandom(seed, 'crashes');
      const crashes = Array.from({ length: 1 + (random.uint32() % 8) }, () => random.uint32() % 400);
      const cuts = Array.from({ length: random.uint32() % 6 }, () => random.uint32() % 200);
      const { lab, token } = await begin(seed, crashes, 3, cuts);
      await lab.run(20_000);
      checkJoined(lab, token);
    }
  });

  it('let no key in after its kick was answered, whenever it comes and whoever crashes', { timeout: 240_000 }, async () => {
    const points = await pointsOf((lab) => lab.run(300), 2);
    for (let point = 0; point < points.length * 2; point++) {
      const crash = point < points.length ? [] : [point - points.length + 1 + (point % 5)];
      const { lab } = await begin(point, crash, 2);
      const at = point % points.length;
      lab.passed = (passed) => {
        if (passed === at) void lab.master.kick(1);
      };
      await settle(lab);
      const state = new GroupState(lab.master.disk);
      for (const key of lab.master.kicked) {
        expect(state.barred(key)).toBeDefined();
        expect(lab.master.engine?.mayLink(key).admit).toBe(false);
        const slave = lab.slaves.find(({ disk }) => disk.current === key);
        expect(slave?.engine?.standing).not.toBe('joined');
        expect(slave?.engine?.mayServe).toBe(false);
      }
      // The token by which it came was revoked: the other one has joined before, or is refused.
      for (const { engine } of lab.slaves) expect(['joined', 'refused', 'over']).toContain(engine?.standing);
    }
  });

  it(
    'find a copy, refuse it while the original lives, and let the chosen one take over, whoever crashes',
    { timeout: 240_000 },
    async () => {
      const run = async (lab: GroupLab, crashes: readonly number[]): Promise<void> => {
        await lab.run(300);
        const [original] = lab.slaves;
        if (!original) throw new Error('there is one');
        const copy = lab.copyOf(original);
        lab.crashAt(crashes);
        copy.start();
        await lab.run(8000);
        const number = lab.master.engine?.contenders(1).find(({ host }) => host === 'host-2')?.number;
        if (number !== undefined) void lab.master.engine?.takeover(1, number).catch(() => undefined);
        await lab.run(90_000);
      };
      const { lab } = await begin(1, [], 1);
      await run(lab, []);
      expect(lab.slaves[0]?.engine?.standing).toBe('over');
      expect(lab.slaves[1]?.engine?.standing).toBe('joined');
      expect(lab.slaves[1]?.events.map(({ type }) => type)).toContain('rekeying');
      const points = lab.points.map((name, point) => ({ name, point })).filter(({ name }) => !name.includes('alive'));
      for (const { point } of points) {
        const { lab: other } = await begin(point, [], 1);
        await run(other, [point]);
        const state = new GroupState(other.master.disk);
        const serving = other.slaves.filter(({ engine }) => engine?.standing === 'joined');
        expect(serving.map(({ disk }) => disk.current)).toEqual([state.memberOf(1)?.key]);
        expect(other.slaves.filter(({ engine }) => engine?.mayServe)).toEqual(serving);
        expect(state.barred(state.memberOf(1)?.key ?? '')).toBeUndefined();
      }
    },
  );

  it('lock no member out while disks take nothing, whoever crashes, and lose nothing by it', { timeout: 240_000 }, async () => {
    for (let seed = 1; seed <= 100; seed++) {
      const random = seededRandom(seed, 'full disks');
      const crashes = Array.from({ length: random.uint32() % 6 }, () => random.uint32() % 400);
      const cuts = Array.from({ length: random.uint32() % 6 }, () => random.uint32() % 300);
      const { lab, token } = await begin(seed, crashes, 3, cuts);
      const disks = [lab.master, ...lab.slaves];
      for (let step = 0; step < 12; step++) {
        for (const disk of disks) disk.isFull = (random.uint32() & 1) === 0;
        await lab.run(1 + (random.uint32() % 600));
      }
      for (const disk of disks) disk.isFull = false;
      await lab.run(40_000);
      checkJoined(lab, token);
      // All come back while no disk takes anything, and again when they do.
      for (const isFull of [true, true, false]) {
        for (const disk of disks) disk.isFull = isFull;
        lab.master.crash();
        for (const slave of lab.slaves) slave.crash();
        await lab.run(15_000);
        checkJoined(lab, token);
      }
      const refusals = lab.slaves.flatMap(({ events }) => events.filter(({ type }) => type === 'refused'));
      expect(refusals.filter((refusal) => 'code' in refusal && refusal.code === 'copied')).toEqual([]);
    }
  });

  it(
    'find a copy once the disks take something again, whatever they did before, and lock one of the two in',
    { timeout: 240_000 },
    async () => {
      for (let seed = 1; seed <= 100; seed++) {
        const random = seededRandom(seed, 'copies');
        const { lab } = await begin(seed, [], 1);
        await lab.run(300);
        const [original] = lab.slaves;
        if (!original) throw new Error('there is one');
        original.stop();
        const copy = lab.copyOf(original);
        const disks = [lab.master, original, copy];
        lab.crashAt(Array.from({ length: random.uint32() % 4 }, () => random.uint32() % 200));
        // One of the two runs at a time, or neither.
        for (let step = 0; step < 8; step++) {
          for (const disk of disks) disk.isFull = (random.uint32() & 1) === 0;
          const runs = [original, copy][random.uint32() % 2];
          if (runs?.process.alive === false) runs.start();
          if ((random.uint32() & 3) === 0) lab.master.crash();
          await lab.run(random.uint32() % 2500);
          runs?.stop();
          await lab.run(100);
        }
        lab.crashAt([]);
        for (const disk of disks) disk.isFull = false;
        await lab.run(2000);
        const turns = (random.uint32() & 1) === 0 ? [original, copy] : [copy, original];
        const ends: unknown[] = [];
        for (const slave of turns) {
          slave.start();
          await lab.run(5000);
          ends.push([slave.engine?.standing, slave.engine?.mayServe, slave.events.at(-1)?.type]);
          slave.stop();
          await lab.run(100);
        }
        expect(ends).toContainEqual(['joined', true, 'joined']);
        expect(ends).toContainEqual(['refused', false, 'refused']);
      }
    },
  );
});

describe('a master that changes its stolen key, in virtual time', () => {
  /** Changes the key, again and again while crashes undo that. */
  async function change(lab: GroupLab): Promise<void> {
    for (let attempt = 0; attempt < 4; attempt++) {
      if (lab.master.keys.current !== nextMasterPin) void lab.master.engine?.changePin().catch(() => undefined);
      await settle(lab);
    }
  }

  /** All members are joined under the new key alone, and the thief gets none of them. */
  async function checkChanged(lab: GroupLab, token: Token): Promise<void> {
    // A crash may leave the file of the next key, which is the same one.
    expect(lab.master.keys.current).toBe(nextMasterPin);
    expect(new GroupState(lab.master.disk).nextPin).toBeUndefined();
    checkJoined(lab, token);
    for (const { memory } of lab.slaves) {
      expect(memory).toMatchObject({ pin: nextMasterPin, formerPins: [masterPin] });
      expect(memory.nextPins).toBeUndefined();
    }
    lab.thief.met.clear();
    for (const slave of lab.slaves) {
      lab.thief.victims.add(slave.number);
      slave.crash();
    }
    await settle(lab);
    expect([...lab.thief.met]).toEqual([]);
    expect(lab.slaves.filter(({ engine }) => engine?.standing === 'joined')).toEqual([]);
  }

  it('loses no member, whoever crashes or is cut off at whichever point', { timeout: 240_000 }, async () => {
    const scene = async (crashes: readonly number[], cuts: readonly number[], seed: number): Promise<{ lab: GroupLab; token: Token }> => {
      const begun = await begin(seed, [], 2);
      await begun.lab.run(500);
      begun.lab.crashAt(crashes, cuts);
      void begun.lab.master.engine?.changePin().catch(() => undefined);
      await begun.lab.run(600);
      return begun;
    };
    const { lab: quiet, token } = await scene([], [], 1);
    const points = [...quiet.points];
    expect(points).toContain('master after promote');
    for (const name of ['slave 1 before holds-pin', 'slave 2 after save', 'master after make', 'master after write'])
      expect(points).toContain(name);
    await checkChanged(quiet, token);
    for (const [point, name] of points.entries()) {
      if (name.includes('alive')) continue;
      for (const isCut of [false, true]) {
        const { lab, token: used } = await scene(isCut ? [] : [point], isCut ? [point] : [], point);
        await change(lab);
        await checkChanged(lab, used);
      }
    }
  });

  it('loses no member in many crashes and cuts, while disks take nothing for some time', { timeout: 240_000 }, async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = seededRandom(seed, 'rekey');
      const { lab, token } = await begin(seed, [], 3);
      await lab.run(500);
      const some = (most: number, of: number): number[] => Array.from({ length: random.uint32() % most }, () => random.uint32() % of);
      lab.crashAt(some(6, 200), some(6, 200));
      const disks = [lab.master, ...lab.slaves];
      for (let step = 0; step < 8; step++) {
        for (const disk of disks) disk.isFull = (random.uint32() & 3) === 0;
        void lab.master.engine?.changePin().catch(() => undefined);
        await lab.run(1 + (random.uint32() % 900));
      }
      for (const disk of disks) disk.isFull = false;
      await change(lab);
      await checkChanged(lab, token);
    }
  });

  it(
    'gives no member to a thief who tells another pin: one that was told both takes neither, and says so',
    { timeout: 240_000 },
    async () => {
      const ends = new Set<string>();
      for (let seed = 1; seed <= 60; seed++) {
        const random = seededRandom(seed, 'thief');
        const { lab } = await begin(seed, [], 2);
        await lab.run(500);
        lab.crashAt(Array.from({ length: random.uint32() % 3 }, () => random.uint32() % 150));
        // The first slave meets the thief for some time, before the change or within it.
        const meet = async (): Promise<void> => {
          lab.thief.victims.add(1);
          lab.slaves[0]?.crash();
          await lab.run(random.uint32() % 3000);
          lab.thief.victims.delete(1);
          lab.slaves[0]?.crash();
          await lab.run(random.uint32() % 3000);
        };
        const isEarly = (random.uint32() & 1) === 0;
        if (isEarly) await meet();
        // The second one is away, so that the change waits.
        lab.slaves[1]?.stop();
        void lab.master.engine?.changePin().catch(() => undefined);
        await lab.run(random.uint32() % 1500);
        if (!isEarly) await meet();
        lab.slaves[1]?.start();
        await change(lab);
        const [victim] = lab.slaves;
        const { pin, nextPins } = victim?.memory ?? expect.fail('there is one');
        const wasTold = nextPins?.includes(lab.thief.pin) === true;
        const { missing } = lab.master.engine?.pinChange ?? {};
        ends.add(!wasTold ? 'changed' : missing ? 'waits' : 'changed without it');
        if (!wasTold) {
          expect([pin, lab.master.keys.current]).toEqual([nextMasterPin, nextMasterPin]);
          continue;
        }
        expect(pin).toBe(masterPin);
        expect(nextPins).toHaveLength(2);
        expect(victim?.events.map(({ type }) => type)).toContain('disputed');
        // If it had confirmed before, and met the thief then, the master may not have heard of that before the others had the pin.
        if (missing) expect(missing).toMatchObject([{ id: victim?.ids[0], why: 'disputed' }]);
        else expect(lab.master.keys.current).toBe(nextMasterPin);
      }
      expect([...ends].sort()).toEqual(['changed', 'changed without it', 'waits']);
    },
  );
});
