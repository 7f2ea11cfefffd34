import { describe, expect, it, onTestFinished } from 'vitest';
import { RefusalLog } from '../../src/launcher/refusal-log.ts';
import type { MemberRefusals } from '../../src/launcher/star-links.ts';
import { logTo } from '../../src/log.ts';
import { ManualClock } from '../manual-clock.ts';

/** A log of refused frames, whose counts are set by hand. */
function rig() {
  const clock = new ManualClock();
  const said: string[] = [];
  const counts = new Map<number, Record<string, number>>();
  const refused = (): MemberRefusals[] => [...counts].map(([id, of]) => ({ id, counts: { ...of } }));
  const nameOf = (id: number): string | undefined => (id === 3 ? 'web' : undefined);
  const log = new RefusalLog({ links: { refused }, nameOf, clock, log: logTo((message) => void said.push(message)) });
  onTestFinished(() => log[Symbol.dispose]());
  /** Returns the lines of the next seconds. */
  const pass = (seconds: number): string[] => {
    clock.advanceSeconds(seconds);
    return said.splice(0);
  };
  return { counts, pass };
}

describe('the log of refused frames', () => {
  it('has a line at once, and then one a minute for each member and rule, with the frames since', () => {
    const { counts, pass } = rig();
    expect(pass(5)).toEqual([]);
    counts.set(3, { 'forged-arp': 1 });
    expect(pass(1)).toEqual([
      'dropped 1 frame of slave 3 (web) by the rule forged-arp; --open-member 3 excepts a host that bridges or routes',
    ]);
    counts.set(3, { 'forged-arp': 10, flooding: 5 }).set(4, { 'forged-arp': 2 });
    expect(pass(1)).toEqual([
      expect.stringMatching(/^dropped 5 frames of slave 3 \(web\) by the rule flooding;/),
      expect.stringMatching(/^dropped 2 frames of slave 4 by the rule forged-arp;/),
    ]);
    expect(pass(58)).toEqual([]);
    expect(pass(1)).toEqual([expect.stringMatching(/^dropped 9 frames of slave 3 \(web\) by the rule forged-arp;/)]);
    expect(pass(300)).toEqual([]);
  });

  it('counts from the beginning of a new link, and has no more lines for a member that comes again and again', () => {
    const { counts, pass } = rig();
    counts.set(3, { 'forged-mac': 7 });
    expect(pass(1)).toHaveLength(1);
    for (let i = 0; i < 10; i++) {
      counts.clear();
      expect(pass(1)).toEqual([]);
      counts.set(3, { 'forged-mac': 2 });
      expect(pass(1)).toEqual([]);
    }
    expect(pass(60)).toEqual([expect.stringMatching(/^dropped 2 frames of slave 3 \(web\) by the rule forged-mac;/)]);
  });
});
