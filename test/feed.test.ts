import { expect, it } from 'vitest';
import { Feed } from '../src/feed.ts';

it('a feed reaches all that listen, in their order, until they leave', () => {
  const feed = new Feed<number>();
  const heard: string[] = [];
  const listener = (value: number): void => void heard.push(`a${value}`);
  expect(feed.wanted).toBe(false);
  const first = feed.subscribe(listener);
  const second = feed.subscribe((value) => void heard.push(`b${value}`));
  const again = feed.subscribe(listener);
  feed.emit(1);
  expect(heard.splice(0)).toEqual(['a1', 'b1', 'a1']);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  feed.emit(2);
  expect(heard.splice(0)).toEqual(['b2', 'a2']);
  for (const one of [second, again]) one[Symbol.dispose]();
  feed.emit(3);
  expect([heard, feed.wanted]).toEqual([[], false]);
});
