import { describe, expect, it } from 'vitest';
import { Outlet } from '../../src/system/outlet.ts';
import { ManualClock } from '../manual-clock.ts';

/** A reader with so much room, in octets. */
class Reader {
  text = '';
  room = 0;
  isGone = false;

  readonly give = (octets: Uint8Array): number | undefined => {
    if (this.isGone) return undefined;
    const taken = Math.min(octets.length, this.room);
    this.text += Buffer.from(octets.subarray(0, taken)).toString();
    this.room -= taken;
    return taken;
  };
}

function stage(limit = 100) {
  const [clock, reader] = [new ManualClock(), new Reader()];
  return { clock, reader, outlet: new Outlet(reader.give, { clock, limit }) };
}

describe('an outlet', () => {
  it('gives text at once while there is room, and what waits, in order, when there is room again', () => {
    const { clock, reader, outlet } = stage();
    reader.room = 6;
    outlet.write('one\n');
    outlet.write('two\n');
    expect(reader.text).toBe('one\ntw');
    expect(outlet.backlog).toBe(2);
    outlet.write('three\n');
    reader.room = Infinity;
    clock.advance(100);
    expect(reader.text).toBe('one\ntwo\nthree\n');
    expect([outlet.backlog, clock.timers]).toEqual([0, 0]);
  });

  it('takes empty text for nothing', () => {
    const { clock, reader, outlet } = stage();
    reader.room = Infinity;
    outlet.write('');
    outlet.write('one\n');
    expect([reader.text, clock.timers]).toEqual(['one\n', 0]);
  });

  it('keeps no more than its bound, counts the lines beyond it, and says how many before the next one', () => {
    const { clock, reader, outlet } = stage(10);
    for (let i = 0; i < 5; i++) outlet.write(`${i}234\n`);
    expect(outlet.backlog).toBe(10);
    reader.room = Infinity;
    clock.advance(100);
    outlet.write('last\n');
    expect(reader.text).toBe('0234\n1234\n3 lines lost\nlast\n');
  });

  it('says it also when nobody writes any more', () => {
    const { clock, reader, outlet } = stage(10);
    for (let i = 0; i < 3; i++) outlet.write(`${i}234\n`);
    reader.room = Infinity;
    clock.advance(100);
    expect(reader.text).toBe('0234\n1234\n1 lines lost\n');
  });

  it('drops what is refused for good without trying again, and says how much that was to whoever reads later', () => {
    const { clock, reader, outlet } = stage();
    reader.isGone = true;
    outlet.write('one\n');
    outlet.write('two\n');
    expect([outlet.backlog, clock.timers]).toEqual([0, 0]);
    Object.assign(reader, { isGone: false, room: Infinity });
    outlet.write('three\n');
    expect(reader.text).toBe('2 lines lost\nthree\n');
  });

  it('is flushed when all was taken, and after the limit at the latest', async () => {
    const { clock, reader, outlet } = stage();
    await outlet.flushed(500);
    outlet.write('one\n');
    let flushed = 0;
    const first = outlet.flushed(500).then(() => flushed++);
    clock.advance(499);
    await Promise.resolve();
    expect(flushed).toBe(0);
    clock.advance(1);
    await first;
    const second = outlet.flushed(500);
    reader.room = Infinity;
    clock.advance(100);
    await second;
    expect(clock.timers).toBe(0);
  });

  it('tells that it was drained once what had to wait was taken, and not of what was taken at once', () => {
    const { clock, reader, outlet } = stage();
    let drained = 0;
    outlet.drained = (): void => {
      drained++;
    };
    reader.room = 4;
    outlet.write('one\n');
    expect(drained).toBe(0);
    outlet.write('two\n');
    reader.room = Infinity;
    clock.advance(100);
    expect(drained).toBe(1);
  });
});
