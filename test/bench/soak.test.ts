import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { droppedBy, growthFaults, linkFaults, sumFaults, Watchdog } from '../../bench/soak/check.ts';
import type { LoadReport, PortReport, SwitchReport } from '../../bench/soak/spec.ts';

const port: PortReport = {
  number: 1,
  module: 'unix prog',
  description: 'a',
  received: 10,
  sent: 20,
  given: 25,
  drops: { 'backlog-full': 5 },
};
const link: PortReport = { ...port, number: 2, module: 'tcp', description: 'link' };
const report: SwitchReport = {
  id: 1,
  memory: { resident: 90e6, heap: 8e6, buffers: 4e6 },
  descriptors: 30,
  waiting: 0,
  ports: [port, link],
};
const load: LoadReport = { id: 2, progress: {}, stations: { a: { sent: 10, heard: 20 } }, faults: [] };

describe('a soak', () => {
  it(
    'of a few seconds is sound: flat memory, no descriptor more, every frame sent or counted, nothing stopped',
    { timeout: 120_000 },
    async () => {
      const args = ['bench/soak/start.mjs', '--seconds', '3', '--interval', '1'];
      const { stdout } = await promisify(execFile)(process.execPath, args).catch((error: unknown) => error as { stdout: string });
      expect(stdout).toMatch(/^sound: /m);
      expect(stdout).toMatch(/at rest at the end: near .* resident/);
    },
  );

  it(
    'of a few seconds is sound through TLS, too, while members and strangers come to the door of its star and go',
    { timeout: 120_000 },
    async () => {
      const args = ['bench/soak/start.mjs', '--secured', '--seconds', '3', '--interval', '1'];
      const { stdout } = await promisify(execFile)(process.execPath, args).catch((error: unknown) => error as { stdout: string });
      expect(stdout).toMatch(/^sound: /m);
      expect(stdout).toMatch(/ [1-9]\d* joins, [1-9]\d* strangers$/m);
    },
  );
});

describe('at rest', () => {
  it('it is sound when all frames are accounted for', () => {
    expect(droppedBy(port)).toBe(5);
    expect(sumFaults(['near', report], load)).toEqual([]);
    expect(growthFaults(['near', report], report)).toEqual([]);
  });

  it.each([
    ['waits in a backlog', { ...report, waiting: 60 }],
    ['was given to a port and neither sent nor dropped', { ...report, ports: [{ ...port, given: 26 }] }],
    ['was sent by a station and did not come in', { ...report, ports: [{ ...port, received: 9 }] }],
    ['left and was not heard', { ...report, ports: [{ ...port, sent: 21, given: 26 }] }],
  ])('it is not when a frame %s', (_, wrong) => {
    expect(sumFaults(['near', wrong], load).length).toBe(1);
  });

  it('it is not when a frame got lost on the link, or there is none', () => {
    const far = (sent: number, received: number): SwitchReport => ({ ...report, ports: [{ ...link, sent, received }] });
    expect(linkFaults(report, far(10, 20))).toEqual([]);
    expect(linkFaults(report, far(10, 19)).length).toBe(1);
    expect(linkFaults(report, far(11, 20)).length).toBe(1);
    expect(linkFaults(report, { ...report, ports: [] }).length).toBe(1);
  });

  it('it is not when memory, ports or descriptors have become more', () => {
    const grown = (memory: Partial<SwitchReport['memory']>): SwitchReport => ({ ...report, memory: { ...report.memory, ...memory } });
    for (const more of [grown({ resident: 120e6 }), grown({ heap: 12e6 }), grown({ buffers: 14e6 })]) {
      expect(growthFaults(['near', report], more).length).toBe(1);
    }
    expect(growthFaults(['near', report], { ...report, descriptors: 31 }).length).toBe(1);
    expect(growthFaults(['near', report], { ...report, ports: [port] }).length).toBe(1);
  });
});

describe('the watchdog', () => {
  it('tells what has not moved for as long as its patience, and nothing else', () => {
    const watchdog = new Watchdog(1000);
    expect(watchdog.look({ a: 1, b: 1 }, 0)).toEqual([]);
    expect(watchdog.look({ a: 2, b: 1 }, 900)).toEqual([]);
    expect(watchdog.look({ a: 2, b: 1 }, 1000)).toEqual(['b has stopped at 1, 1 s ago']);
    watchdog.rest();
    expect(watchdog.look({ a: 2, b: 1 }, 5000)).toEqual([]);
    expect(watchdog.look({ a: 3, b: 1 }, 6000)).toEqual(['b has stopped at 1, 1 s ago']);
  });
});
