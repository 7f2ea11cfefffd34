import { describe, expect, it } from 'vitest';
import { DemoBoard } from '../../../src/launcher/demo/demo-board.ts';
import { allLeased, type DemoTable } from '../../../src/launcher/demo/demo-table.ts';
import { ManualClock } from '../../manual-clock.ts';
import { leased } from './demo-tables.ts';

function board(): { clock: ManualClock; board: DemoBoard; shown: DemoTable[] } {
  const clock = new ManualClock();
  const shown: DemoTable[] = [];
  return { clock, shown, board: new DemoBoard(2, clock, (table) => shown.push(table)) };
}

describe("the demo's board", () => {
  it('shows the table at first and at each change, and tells when it is so as one waits for', async () => {
    const { clock, board: watched, shown } = board();
    const reached = watched.until(allLeased, 1000, new AbortController().signal);
    for (const [place, event] of leased) watched.tell(place, event);
    expect(await reached).toBe(true);
    expect(shown).toHaveLength(1 + leased.length);
    expect(await watched.until(allLeased, 1000, new AbortController().signal)).toBe(true);
    expect(clock.timers).toBe(0);
  });

  it('tells when the time is over', async () => {
    const { clock, board: watched } = board();
    const reached = watched.until(allLeased, 1000, new AbortController().signal);
    clock.advance(1000);
    expect(await reached).toBe(false);
  });

  it('throws the reason when aborted, before or meanwhile, and waits for nothing more', async () => {
    const { clock, board: watched } = board();
    const abort = new AbortController();
    const reached = watched.until(allLeased, 1000, abort.signal);
    const reason = new Error('enough');
    abort.abort(reason);
    await expect(reached).rejects.toBe(reason);
    await expect(watched.until(allLeased, 1000, abort.signal)).rejects.toBe(reason);
    expect(clock.timers).toBe(0);
  });

  it('keeps the last ten lines of each process', () => {
    const { board: watched } = board();
    for (let n = 1; n <= 12; n++) watched.hear('master', `line ${n}`);
    watched.hear('station 1', 'ready');
    expect(watched.lastLines).toHaveLength(11);
    expect(watched.lastLines[0]).toBe('master: line 3');
    expect(watched.lastLines.at(-1)).toBe('station 1: ready');
  });
});
