import { describe, expect, it } from 'vitest';
import { AttachedPort } from '../../src/impairment/attached-port.ts';
import { sound } from '../../src/impairment/condition.ts';
import type { Quality } from '../../src/impairment/impairment.ts';
import { seededRandom } from '../../src/lab/seeded-random.ts';
import { maxFrame as maxDatagram, type Port } from '../../src/ports/pure/port.ts';
import { eventually } from '../eventually.ts';
import { collect, Collector, CountingClock, descriptors, dropped, frameOf as unlikeFrame, Rig, sameFrames, using } from './rig.ts';

/** A driver's port with a port at its other end. They are not attached yet. */
export interface Ends {
  readonly port: Port;
  readonly far: Port;
  /** Sends octets as they are to `port`, whether or not they make a frame. */
  readonly inject?: (octets: Uint8Array) => void;
  /** Resolves, once both are attached, when they carry their longest frames: where they must hear of each other first. */
  readonly settled?: () => Promise<void>;
  /** Resolves when the far end's system has noticed that the port is down, and sends nothing any more; only where it does. */
  readonly stopped?: () => Promise<void>;
  /** Other things to release. */
  readonly rest?: AsyncDisposable;
}

/** A port that waits for its other side. */
export interface Lasting {
  readonly port: Port;
  /** Makes the other side, whose disposal takes it away again. */
  readonly appear: () => Promise<Port>;
  /** True if the other side is there from the beginning, as a tap interface is that the port makes. Default: false. */
  readonly isThere?: boolean;
}

/** The properties of a driver under test. */
export interface Driver {
  readonly name: string;
  open(rig: Rig): Promise<Ends>;
  /** True if its ends have `inject`. */
  readonly injects: boolean;
  /** True if the other side can refuse to take more. Default: true. */
  readonly stalls?: boolean;
  /** The call when the far end closes; nothing for a medium that does not know its other side. */
  readonly farGone: 'closed' | 'carrier' | 'nothing';
  /** The call at the far end, as a port, when the port is taken down. Default: nothing. */
  readonly farSeesDown?: 'nothing' | 'carrier' | 'closed';
  /** Returns a port that our side opens for good, and its other side, which comes and goes. Only for those that have one. */
  readonly opensForGood?: (rig: Rig) => Promise<Lasting>;
  /** The longest frame that it carries, in octets; 9,234 unless said otherwise. */
  readonly maxFrame?: number;
  /** True if it keeps frames of one flow in order, and not those of several. Default: all are kept in order. */
  readonly ordersFlows?: boolean;
  /** How many octets may be under way at a time. Default: as many as the smallest backlog surely holds. */
  readonly underWay?: number;
}

/** The octets that the smallest backlog surely holds. */
const smallestBacklog = 2 ** 19;

/** Returns a frame as `frameOf` does, of the same flow as the others of at least 14 octets. */
function flowFrame(size: number, seed = size): Uint8Array {
  return unlikeFrame(size, seed).fill(0, 0, 14);
}

/** The suite that every driver passes. */
export function conforms(driver: Driver): void {
  const { maxFrame = maxDatagram, underWay = smallestBacklog } = driver;
  const frameOf = driver.ordersFlows === true ? flowFrame : unlikeFrame;
  const sizes = [14, 15, 59, 60, 61, 63, 64, 65, 66, 128, 1514, 1518, 1522, 4096, maxDatagram, maxFrame - 1, maxFrame];
  const step = Math.ceil(maxFrame / 225);
  const everySize = Array.from({ length: maxFrame - 13 }, (_, i) => i + 14).filter((size) => size % step === 0 || size < 100);

  describe(`${driver.name}, as a port`, () => {
    async function open(): Promise<Ends & { rig: Rig }> {
      const rig = new Rig();
      const ends = await driver.open(rig);
      if (ends.rest) using(ends.rest);
      using(ends.far);
      using(ends.port);
      return { ...ends, rig };
    }

    /** Sends what the backlog surely holds, and waits until it has arrived, again and again. */
    async function cross(rig: Rig, from: Port, to: Port, frames: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
      const collector = collect(to);
      const count = Math.min(64, Math.floor(underWay / maxFrame));
      for (let i = 0; i < frames.length; i += count) {
        rig.send(from, ...frames.slice(i, i + count));
        await collector.count(Math.min(i + count, frames.length));
      }
      return collector.frames;
    }

    it('carries frames of every size both ways, octet by octet and in order, keeping no borrowed memory', async () => {
      const { rig, port, far, settled } = await open();
      await Promise.all([collect(port).carrierIs(true), collect(far).carrierIs(true)]);
      await settled?.();
      const frames = everySize.map((size) => frameOf(size));
      expect(sameFrames(await cross(rig, port, far, frames), frames)).toBe(true);
      expect(sameFrames(await cross(rig, far, port, frames), frames)).toBe(true);
    });

    it('sends what it is given inside the breath that received it', async () => {
      const { rig, port, far, settled } = await open();
      const back = collect(far);
      const there = collect(port, (frame) => rig.transmit(port, frame));
      await Promise.all([back.carrierIs(true), there.carrierIs(true)]);
      await settled?.();
      const frames = sizes.map((size) => frameOf(size));
      rig.send(far, ...frames);
      await back.count(frames.length);
      expect(sameFrames(back.frames, frames)).toBe(true);
    });

    it('drops what is too long or too short, counts it, and cuts nothing', async () => {
      const { rig, port, far } = await open();
      const there = collect(far);
      await Promise.all([collect(port).carrierIs(true), there.carrierIs(true)]);
      rig.send(port, frameOf(maxFrame + 1), frameOf(13), frameOf(0), frameOf(60));
      await there.count(1);
      expect(sameFrames(there.frames, [frameOf(60)])).toBe(true);
      expect(port.counters.drops).toMatchObject({ oversize: 1, runt: 2 });
      expect(port.counters.sentFrames).toBe(1);
    });

    if (driver.injects) {
      it('counts and drops the runts that it is sent', async () => {
        const { rig, port, far, inject } = await open();
        const here = collect(port);
        await Promise.all([here.carrierIs(true), collect(far).carrierIs(true)]);
        inject?.(frameOf(13));
        inject?.(frameOf(1));
        rig.send(far, frameOf(60));
        await here.count(1);
        expect(sameFrames(here.frames, [frameOf(60)])).toBe(true);
        expect(port.counters.drops.runt).toBe(2);
        expect(port.counters).toMatchObject({ receivedFrames: 1, receivedOctets: 60 });
      });
    }

    if (driver.stalls ?? true) {
      it('keeps a bounded backlog for a far end that does not read, and drains it in order when it reads again', async () => {
        const { rig, port, far } = await open();
        await collect(port).carrierIs(true);
        let sent = 0;
        while (dropped(port.counters) === 0 && sent < 64_000) {
          rig.send(port, ...Array.from({ length: 64 }, () => frameOf(900, sent++)));
        }
        expect(port.counters.drops['backlog-full']).toBeGreaterThan(0);
        const kept = sent - dropped(port.counters);
        const there = collect(far);
        await there.count(kept);
        // The last frames of the last breath were the ones without room.
        expect(
          sameFrames(
            there.frames,
            Array.from({ length: kept }, (_, i) => frameOf(900, i)),
          ),
        ).toBe(true);
        rig.send(port, frameOf(60));
        await there.count(kept + 1);
        expect(port.counters).toMatchObject({ sentFrames: kept + 1, sentOctets: 900 * kept + 60 });
        await eventually(() => expect(rig.budget.used).toBe(0));
      });
    }

    it('counts each frame once: received, sent or dropped', async () => {
      const { rig, port, far, settled } = await open();
      const there = collect(far);
      await Promise.all([collect(port).carrierIs(true), there.carrierIs(true)]);
      await settled?.();
      for (let i = 1; i <= 10; i++) {
        rig.send(port, ...sizes.map((size) => frameOf(size)), frameOf(5), frameOf(maxFrame + 4));
        await there.count(i * sizes.length);
      }
      const octets = 10 * sizes.reduce((sum, size) => sum + size, 0);
      expect(port.counters).toMatchObject({ sentFrames: 10 * sizes.length, sentOctets: octets });
      expect(far.counters).toMatchObject({ receivedFrames: 10 * sizes.length, receivedOctets: octets });
      expect(dropped(port.counters)).toBe(20);
    });

    it('delivers to the receiver that was attached last', async () => {
      const { rig, port, far } = await open();
      const first = collect(port);
      await Promise.all([first.carrierIs(true), collect(far).carrierIs(true)]);
      const second = collect(port);
      expect(second.up).toBe(true);
      rig.send(far, frameOf(60));
      await second.count(1);
      expect(first.frames).toEqual([]);
    });

    /** Returns the port in its place at a switch, its receiver and that of the far end, when both have a carrier. */
    async function place(): Promise<Ends & { rig: Rig; placed: AttachedPort; here: Collector; there: Collector }> {
      const ends = await open();
      const { clock, breath } = ends.rig.environment;
      const placed = new AttachedPort(ends.port, { clock, breath, random: seededRandom(1) });
      const [here, there] = [new Collector(), collect(ends.far)];
      placed.attach(here);
      await Promise.all([here.carrierIs(true), there.carrierIs(true)]);
      await ends.settled?.();
      return { ...ends, placed, here, there };
    }

    it('carries nothing either way while it is down, counts that, tells the far end where it can, and carries again when it is up', async () => {
      const { farSeesDown = 'nothing' } = driver;
      const { rig, placed, far, here, there, settled, stopped } = await place();
      const cross = async (seed: number, count: number): Promise<void> => {
        rig.send(placed.port, frameOf(60, seed));
        rig.send(far, frameOf(61, seed));
        await Promise.all([here.count(count), there.count(count)]);
      };
      await cross(1, 1);
      placed.condition = { ...sound, up: false };
      await here.carrierIs(false);
      if (farSeesDown === 'carrier') await there.carrierIs(false);
      rig.send(placed.port, frameOf(60, 2));
      if (farSeesDown === 'closed') {
        expect(await there.ended()).not.toBe('');
        expect(placed.drops['port-down']).toBe(1);
        return;
      }
      await stopped?.();
      rig.send(far, frameOf(61, 2));
      await eventually(() => expect(placed.drops['port-down']).toBe(stopped ? 1 : 2));
      placed.condition = sound;
      expect(placed.port).toBe(placed.driver);
      await Promise.all([here.carrierIs(true), there.carrierIs(true)]);
      await settled?.();
      await cross(3, 2);
      expect(sameFrames(here.frames, [frameOf(61, 1), frameOf(61, 3)])).toBe(true);
      expect(sameFrames(there.frames, [frameOf(60, 1), frameOf(60, 3)])).toBe(true);
    });

    it('is impaired while frames cross it, and sound again without a loss: then nothing lies between it and the switch', async () => {
      const { rig, placed, port, far, here, there } = await place();
      const impair = (impairment: Quality): void => void (placed.condition = { up: true, impairment });
      impair({ loss: 100 });
      rig.send(placed.port, frameOf(60));
      rig.send(far, frameOf(61));
      await eventually(() => expect(placed.drops['impair-loss']).toBe(2));
      impair({ delay: 3_600_000 });
      const frames = Array.from({ length: 200 }, (_, seed) => frameOf(60, seed));
      for (let at = 0; at < frames.length; at += 50) {
        rig.send(placed.port, ...frames.slice(at, at + 50));
        rig.send(far, ...frames.slice(at, at + 50));
        await eventually(() => expect(port.counters.receivedFrames).toBe(at + 51));
      }
      expect([here.frames, there.frames]).toEqual([[], []]);
      placed.condition = sound;
      rig.send(placed.port, frameOf(70));
      rig.send(far, frameOf(70));
      await Promise.all([here.count(201), there.count(201)]);
      expect(sameFrames(here.frames, [...frames, frameOf(70)])).toBe(true);
      expect(sameFrames(there.frames, [...frames, frameOf(70)])).toBe(true);
      expect(placed.port).toBe(port);
      rig.send(placed.port, frameOf(71));
      await there.count(202);
    });

    it(driver.farGone === 'nothing' ? 'goes on when the far end is gone' : 'tells that the far end is gone', async () => {
      const { rig, port, far } = await open();
      const here = collect(port);
      await here.carrierIs(true);
      await far[Symbol.asyncDispose]();
      if (driver.farGone === 'nothing') {
        for (let sent = 0; sent < 10; sent++) rig.send(port, frameOf(60), frameOf(61));
        expect(port.counters.sentFrames + dropped(port.counters)).toBe(20);
        expect([here.up, here.reason]).toEqual([true, undefined]);
        return;
      }
      if (driver.farGone === 'closed') expect(await here.ended()).not.toBe('');
      else await here.carrierIs(false);
      expect(() => rig.send(port, frameOf(60))).not.toThrow();
      expect(port.counters.drops['no-carrier']).toBe(1);
    });

    const { opensForGood } = driver;
    if (opensForGood) {
      it('waits for its other side, comes back after it, and says each once', async () => {
        const clock = new CountingClock();
        const rig = new Rig(clock);
        const { port, appear, isThere = false } = await opensForGood(rig);
        using(port);
        const here = collect(port);
        const told = (what: RegExp): number => rig.logged.filter((line) => what.test(line)).length;
        if (!isThere) {
          expect(here.up).toBe(false);
          rig.send(port, frameOf(60));
          expect(port.counters.drops['no-carrier']).toBe(1);
          await eventually(() => expect(told(/^no link to /)).toBe(1));
        }
        for (let times = 1; times <= 2; times++) {
          const far = await appear();
          const there = collect(far);
          await Promise.all([here.carrierIs(true), there.carrierIs(true)]);
          rig.send(port, frameOf(60, times));
          rig.send(far, frameOf(61, times));
          await Promise.all([there.count(1), here.count(times)]);
          expect(sameFrames(there.frames, [frameOf(60, times)])).toBe(true);
          expect(sameFrames(here.frames.slice(-1), [frameOf(61, times)])).toBe(true);
          expect(port.counters).toMatchObject({ sentFrames: times, receivedFrames: times });
          await far[Symbol.asyncDispose]();
          await here.carrierIs(false);
          // Several attempts fail, and are not worth a line each.
          const before = clock.count;
          await eventually(() => expect(clock.count).toBeGreaterThanOrEqual(before + 3));
          expect(told(/^no link to .*; trying again until it is there$/)).toBe(isThere ? times : times + 1);
          expect(told(/^linked to /)).toBe(isThere ? times - 1 : times);
        }
        expect(here.reason).toBeUndefined();
      });
    }

    it('frees its descriptors and its backlog when disposed, tells nobody, and drops what it is given then', async () => {
      const before = descriptors();
      const rig = new Rig();
      const { port, far, rest } = await driver.open(rig);
      const here = collect(port);
      await here.carrierIs(true);
      for (let i = 0; i < 50; i++) rig.send(port, ...Array.from({ length: 64 }, () => frameOf(1500)));
      await port[Symbol.asyncDispose]();
      await port[Symbol.asyncDispose]();
      expect(here.reason).toBeUndefined();
      expect(() => rig.send(port, frameOf(60))).not.toThrow();
      await far[Symbol.asyncDispose]();
      await rest?.[Symbol.asyncDispose]();
      await eventually(() => expect(descriptors()).toBeLessThanOrEqual(before));
      expect(rig.budget.used).toBe(0);
    });
  });
}
