import { describe, expect, it } from 'vitest';
import { Feed } from '../../src/feed.ts';
import { EventHistory, type NumberedEvent } from '../../src/http/event-history.ts';
import { Events } from '../../src/management/events.ts';
import { ManualClock } from '../manual-clock.ts';

/** A history of events that a test tells. */
function newHistory() {
  const clock = new ManualClock();
  const events = new Events(clock, String);
  const feed = new Feed<number>();
  events.add((tell) => feed.subscribe((port) => tell({ kind: 'port', change: 'up', port })));
  let series = 0;
  return { clock, feed, history: new EventHistory(events, clock, () => `s${++series}`) };
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
    const { kept, lost } = history.missedSince(id);
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
    expect(history.missedSince(id)).toEqual({ kept: [], lost: 'unknown' });
    expect(history.missedSince(history.idOf())).toEqual({ kept: [], lost: undefined });
  });

  it('keeps a thousand events, and counts those that are gone', () => {
    const { feed, history } = newHistory();
    history.subscribe(() => undefined);
    const id = history.idOf();
    for (let port = 1; port <= 5000; port++) feed.emit(port);
    const { kept, lost } = history.missedSince(id);
    expect(kept.length).toBeGreaterThanOrEqual(1024);
    expect(kept.length).toBeLessThanOrEqual(2048);
    expect(lost).toBe(5000 - kept.length);
    expect(portsOf(kept).at(-1)).toBe(5000);
  });

  it.each(['', 'garbage', 's1-', 's1--1', 's1-9', 's9-0', 's1-1\n', 's1-99999999999999999999'])('does not know the id %j', (id) => {
    const { history } = newHistory();
    history.subscribe(() => undefined);
    expect(history.missedSince(id)).toEqual({ kept: [], lost: 'unknown' });
  });
});
