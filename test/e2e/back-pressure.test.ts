import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { answers } from '../../src/system/unix-socket.ts';
import { until, useStage } from './stage.ts';
import { introduce, senderOf, serialOf, Traffic, VdeStation } from './vde-station.ts';

const small = { count: 4000, size: 60 };
const full = { count: 1000, size: 1514 };
const end = 0xffff_ffff;

/** So that only the kept frames matter, and not the speed of this machine. */
const forLong = ['--backlog-age', '600000'];

/** Returns the numbers of the frames of a burst that a reader hears who did not read before the switch had all of it. */
async function burst(directory: string, { count, size }: typeof small): Promise<number[]> {
  const sender = await VdeStation.plug(directory);
  const reader = await VdeStation.plug(directory);
  const witness = await VdeStation.plug(directory);
  introduce([sender, reader, witness]);
  sender.send(Array.from({ length: count }, (_, i) => sender.frame(reader.number, i, size)));
  sender.send([sender.frame(witness.number, end)]);
  witness.hear((frame) => serialOf(frame) === end);
  // Frames that the switch still has for the reader come before new ones; lost ones never come.
  let heard: Uint8Array[] = [];
  for (let some = reader.take(); some.length > 0; some = reader.take()) heard = [...heard, ...some];
  sender.send([sender.frame(reader.number, end)]);
  heard = [...heard, ...reader.hear((frame) => serialOf(frame) === end)];
  for (const frame of heard) expect([frame.length, senderOf(frame)]).toEqual([size, sender.number]);
  for (const station of [sender, reader, witness]) station.unplug();
  return heard.map(serialOf);
}

function numbersTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

describe('a reader who does not read', () => {
  const stage = useStage([]);

  it('while a burst of 4,000 small frames comes, or of 1,000 full ones, has lost none of them, nor their order', async () => {
    await stage.vdeSwitch('-s', stage.path('s'), '--nostdin', ...forLong);
    expect(await burst(stage.path('s'), small)).toEqual(numbersTo(small.count));
    expect(await burst(stage.path('s'), full)).toEqual(numbersTo(full.count));
  });

  it('is kept what the options say: so many frames, so many octets, of so much memory', async () => {
    const kept = async (name: string, option: string, value: number): Promise<number> => {
      await stage.etherloom('switch', '--sock', stage.path(name), option, String(value), ...forLong);
      const heard = await burst(stage.path(name), full);
      // The first ones: those that came last are dropped.
      expect(heard).toEqual(numbersTo(heard.length));
      return heard.length;
    };
    const kernels = await kept('none', '--backlog-frames', 0);
    expect(await kept('frames', '--backlog-frames', 300)).toBe(kernels + 300);
    expect(await kept('octets', '--backlog-octets', 300 * full.size)).toBe(kernels + 300);
    // In memory there is some room between frames.
    const budget = await kept('budget', '--backlog-budget', 300 * full.size);
    expect([budget > kernels + 250, budget <= kernels + 300]).toEqual([true, true]);
  });
});

describe('a reader who was stopped for longer than frames may wait', () => {
  const stage = useStage([]);

  it.each(['vde_switch', 'etherloom switch'])(
    'hears new frames behind what the system had taken, and nothing between: %s',
    async (command) => {
      const directory = stage.path('s');
      const age = ['--backlog-age', '200'];
      if (command === 'vde_switch') await stage.vdeSwitch('-s', directory, '--nostdin', ...age);
      else await stage.etherloom('switch', '--sock', directory, ...age);
      const [sender, reader] = [await VdeStation.plug(directory), await VdeStation.plug(directory)];
      introduce([sender, reader]);
      sender.send(numbersTo(4000).map((serial) => sender.frame(reader.number, serial, 60)));
      // Real time is tested: the age of waiting frames. It has no effect before the next frame.
      await new Promise((resolve) => setTimeout(resolve, 500));
      sender.send([sender.frame(reader.number, end)]);
      const heard = reader.hear((frame) => serialOf(frame) === end).map(serialOf);
      // The kernel's part, which cannot be taken back: some hundred frames, from the first on.
      expect(heard).toEqual(numbersTo(heard.length));
      expect(heard.length).toBeLessThan(3000);
      for (const station of [sender, reader]) station.unplug();
    },
  );
});

describe('the original', () => {
  const stage = useStage(['vde_switch']);

  it('loses what the kernel does not hold: this says how much, and proves nothing of ours', async () => {
    const directory = stage.path('s');
    stage.start(['vde_switch', '-s', directory, '--nostdin', '-n', '32']);
    await until('the original listens', () => answers(`${directory}/ctl`, 'stream'));
    for (const size of [small, full]) {
      const { length } = await burst(directory, size);
      console.log(`of a burst of ${size.count} frames of ${size.size} octets, the original kept ${length} for a reader who did not read`);
    }
  });
});

describe('64 readers that are stalled for good', { timeout: 60_000 }, () => {
  const stage = useStage([]);

  it('while all is flooded, take no more than the budget, and no frame from those who read, even late', async () => {
    const directory = stage.path('s');
    const { pid } = await stage.vdeSwitch('-s', directory, '--nostdin', '-n', '128', ...forLong);
    const flooder = await VdeStation.plug(directory);
    const one = await VdeStation.plug(directory);
    const other = await VdeStation.plug(directory);
    const readers: VdeStation[] = [];
    for (let i = 0; i < 64; i++) readers.push(await VdeStation.plug(directory));
    introduce([flooder, one, other, ...readers]);
    // The memory of readers that read again must not be added to that of their next stall.
    for (let stall = 0; stall < 4; stall++) {
      // Several times what fills the backlogs of all who do not read.
      flood(flooder, [one, other], 2500);
      if (stall < 3) for (const reader of readers) readAll(flooder, reader);
    }
    // One who is late while nothing of the budget is free loses nothing either.
    const late = Array.from({ length: 400 }, (_, i) => one.frame(other.number, i, full.size));
    one.send(late);
    one.send([one.frame(flooder.number, end)]);
    flooder.hear((frame) => serialOf(frame) === end);
    one.send([one.frame(other.number, end)]);
    expect(other.hear((frame) => serialOf(frame) === end).map(serialOf)).toEqual(numbersTo(late.length));
    expect(peakMemory(pid)).toBeLessThan(150e6);
    console.log(`with 64 stalled readers under a flood the switch had ${(peakMemory(pid) / 1e6).toFixed(0)} MB at most`);
  });

  /** Lets a reader read all that waits for it. */
  function readAll(from: VdeStation, reader: VdeStation): void {
    while (reader.take().length > 0);
    from.send([from.frame(reader.number, end)]);
    reader.hear((frame) => serialOf(frame) === end);
  }

  /** Sends that many full broadcasts, and as many small frames from each of a pair to the other: all frames for those two arrive. */
  function flood(flooder: VdeStation, pair: readonly [VdeStation, VdeStation], count: number): void {
    const [one, other] = pair;
    const traffic = new Traffic([
      { from: flooder, frames: numbersTo(count).map((serial) => flooder.frame('all', serial, full.size)) },
      { from: one, frames: numbersTo(count).map((serial) => one.frame(other.number, serial)) },
      { from: other, frames: numbersTo(count).map((serial) => other.frame(one.number, serial)) },
    ]);
    traffic.runUntil(pair, 2 * count);
    for (const [to, from] of [pair, [other, one]] as const) {
      const heard = traffic.heardBy(to);
      for (const sender of [from, flooder]) {
        const serials = heard.filter((frame) => senderOf(frame) === sender.number).map(serialOf);
        expect(serials.findIndex((serial, i) => serial !== i)).toBe(-1);
        expect(serials.length).toBe(count);
      }
    }
  }
});

/** Returns the most that a process ever had in memory, in octets. [proc(5), VmHWM] */
function peakMemory(pid: number): number {
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kibibytes) * 1024;
}
