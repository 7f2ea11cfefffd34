import { expect, it } from 'vitest';
import { onceAMinute } from '../../src/ports/once-a-minute.ts';
import { ManualClock } from '../manual-clock.ts';

function stage() {
  const clock = new ManualClock();
  const said: [string, unknown][] = [];
  return { clock, said, tell: onceAMinute(clock, (message, fields) => void said.push([message, fields])) };
}

it('says the first line at once, and those of the minute after it as one line with a count', () => {
  const { clock, said, tell } = stage();
  for (const pid of [1, 2, 3]) tell(`refused ${pid}`, { fields: { pid } });
  expect(said).toEqual([['refused 1', { pid: 1 }]]);
  clock.advanceSeconds(59);
  expect(said).toHaveLength(1);
  clock.advanceSeconds(1);
  expect(said.slice(1)).toEqual([['refused 3 (2 more in the last 60 s)', { pid: 3, repeated: 2 }]]);
  tell('refused 4');
  clock.advanceSeconds(60);
  expect(said.slice(2)).toEqual([['refused 4 (1 more in the last 60 s)', { repeated: 1 }]]);
});

it('says a line at once again after a minute without one, and keeps nothing of it meanwhile', () => {
  const { clock, said, tell } = stage();
  tell('full');
  clock.advanceSeconds(60);
  expect(clock.timers).toBe(0);
  tell('full');
  expect(said.map(([message]) => message)).toEqual(['full', 'full']);
});

it('lets lines of different keys not wait for each other, and counts those beyond 256 keys as one', () => {
  const { clock, said, tell } = stage();
  for (let i = 0; i < 1000; i++) tell(`uid ${i}`, { key: String(i) });
  expect(said.length).toBe(257);
  expect(clock.timers).toBe(257);
  clock.advanceSeconds(60);
  expect(said.slice(257)).toEqual([['uid 999 (743 more in the last 60 s)', { repeated: 743 }]]);
});
