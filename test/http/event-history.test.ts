import { describe, expect, it } from 'vitest';
import { Feed } from '../../src/feed.ts';
import { EventHistory, type NumberedEvent } from '../../src/http/event-history.ts';
import { Events } from '../../src/management/events.ts';
import { ManualClock } from '../manual-clock.ts';

/** The kinds of a reader of all. */
const all: ReadonlySet<string> = new Set();

/** A history of events that a test tells. */
function newHistory() {
  const clock = new ManualClock();
  const events = new Events(clock, String);
  const feed = new Feed<number>();
  events.add((tell) => feed.subscribe((port) => tell({ kind: 'port', change: 'up', port })));
  const loops = new Feed<number>();
  events.add((tell) => loops.subscribe((frames) => tell({ kind: 'loop', ports: [], stations: 0, frames })));
  let series = 0;
  return { clock, feed, loops, history: new EventHistory(events, clock, () => `s${++series}`) };
}

const portsOf = (events: readonly NumberedEvent[]): number[] => events.map(({ text }) => (JSON.parse(text) as { port: number }).port);

describe('the history of events', () => {
  it('gives a reader that comes back what it missed, within a minute', () => {
    const { clock, feed, history } = newHistory();
    const reading = history.subscribe(() => undefined);
    feed.emit(1);
    const id = history.idOf();
    reading[Symbol.dispose]();
    feed.emit(2);
    clock.advance(59_999);
    feed.emit(3);
    history.subscribe(() => undefined);
    const { kept, lost } = history.missedSince(id, all);
    expect(portsOf(kept)).toEqual([2, 3]);
    expect(lost).toBeUndefined();
    clock.advance(120_000);
    expect(feed.wanted).toBe(true);
  });

  it('stops a minute after its last reader, and does not know those ids later', () => {
    const { clock, feed, history } = newHistory();
    history.subscribe(() => undefined)[Symbol.dispose]();
    const id = history.idOf();
    clock.advance(60_000);
    expect(feed.wanted).toBe(false);
    history.subscribe(() => undefined);
    expect(history.missedSince(id, all)).toEqual({ kept: [], lost: 'unknown' });
    expect(history.missedSince(history.idOf(), all)).toEqual({ kept: [], lost: undefined });
  });

  it('keeps a thousand events, and counts those that are gone', () => {
    const { feed, history } = newHistory();
    history.subscribe(() => undefined);
    const id = history.idOf();
    for (let port = 1; port <= 5000; port++) feed.emit(port);
    const { kept, lost } = history.missedSince(id, all);
    expect(kept.length).toBeGreaterThanOrEqual(1024);
    expect(kept.length).toBeLessThanOrEqual(2048);
    expect(lost).toBe(5000 - kept.length);
    expect(portsOf(kept).at(-1)).toBe(5000);
  });

  it('tells a reader of some kinds of losses among these alone', () => {
    const { feed, loops, history } = newHistory();
    history.subscribe(() => undefined);
    const before = history.idOf();
    loops.emit(0);
    const id = history.idOf();
    for (let port = 1; port <= 5000; port++) feed.emit(port);
    expect(history.missedSince(id, new Set(['loop']))).toMatchObject({ lost: undefined });
    expect(history.missedSince(id, new Set(['lease', 'counters']))).toMatchObject({ lost: undefined });
    for (const kinds of [['port'], ['loop', 'port']]) expect(history.missedSince(id, new Set(kinds))).toMatchObject({ lost: 'unknown' });
    expect(history.missedSince(before, new Set(['loop']))).toMatchObject({ lost: 'unknown' });
    expect(history.missedSince(history.idOf(4000), new Set(['port']))).toMatchObject({ lost: undefined });
  });

  it.each(['', 'garbage', 's1-', 's1--1', 's1-9', 's9-0', 's1-1\n', 's1-99999999999999999999'])('does not know the id %j', (id) => {
    const { history } = newHistory();
    history.subscribe(() => undefined);
    expect(history.missedSince(id, all)).toEqual({ kept: [], lost: 'unknown' });
  });
});
