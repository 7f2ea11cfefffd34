import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Redial } from '../../../src/ports/pure/redial.ts';
import { Timeline } from '../../../src/lab/timeline.ts';

it('waits longer after each failure, from 100 ms up to 1 s, and 100 ms again after a connection that held', () => {
  const time = new Timeline();
  const dialled: number[] = [];
  const redial = new Redial(time, () => {
    dialled.push(time.now);
    if (dialled.length === 6) redial.held();
    redial.failed();
  });
  redial.failed();
  time.advance(5000);
  expect(dialled.slice(0, 8)).toEqual([100, 300, 700, 1500, 2500, 3500, 3600, 3800]);
  redial[Symbol.dispose]();
  redial.failed();
  expect(time.next).toBe(Infinity);
});

it('dials again soon behind an attempt that was not answered for long', () => {
  const time = new Timeline();
  const dialled: number[] = [];
  const redial = new Redial(time, () => {
    dialled.push(time.now);
    time.after(dialled.length < 4 ? 0 : 2200, () => redial.failed());
  });
  redial.failed();
  time.advance(9000);
  expect(dialled.slice(0, 7)).toEqual([100, 300, 700, 1500, 3800, 6100, 8400]);
});

/**
 * The result of an attempt: refused at once, no answer for a time, or a connection for a time, over which something was received or not.
 */
type Fate = readonly ['refused'] | readonly ['silent', number] | readonly ['linked', number, boolean];

const fate: fc.Arbitrary<Fate> = fc.oneof(
  fc.constant(['refused'] as const),
  fc.tuple(fc.constant('silent' as const), fc.integer({ min: 1, max: 20_000 })),
  fc.tuple(fc.constant('linked' as const), fc.integer({ min: 0, max: 60_000 }), fc.boolean()),
);

it('never gives up, never dials twice at once, and is linked within a second once the other side is well', () => {
  fc.assert(
    fc.property(fc.array(fate, { maxLength: 40 }), (fates) => {
      const time = new Timeline();
      let [attempts, beganAt, endedAt, wait] = [0, -Infinity, 0, 100];
      let state: 'waiting' | 'dialling' | 'linked' = 'waiting';
      const end = (): void => {
        state = 'waiting';
        endedAt = time.now;
        redial.failed();
      };
      const redial = new Redial(time, () => {
        expect(state).toBe('waiting');
        expect(time.now - endedAt).toBeCloseTo(Math.max(100, wait - (endedAt - beganAt)));
        beganAt = time.now;
        wait = Math.min(2 * wait, 1000);
        state = 'dialling';
        const [what, span = 0, heard = false] = fates[attempts++] ?? ['well'];
        if (what === 'refused') end();
        else if (what === 'silent') time.after(span, end);
        else {
          state = 'linked';
          if (what === 'well') return;
          time.after(span, () => {
            if (heard) redial.held();
            if (heard) wait = 100;
            end();
          });
        }
      });
      redial.failed();
      const isLinkedForGood = (): boolean => attempts > fates.length;
      const busy = fates.reduce((sum, [, span = 0]) => sum + span, 0);
      time.advance(busy + 1000 * (fates.length + 1), isLinkedForGood);
      expect([isLinkedForGood(), state]).toEqual([true, 'linked']);
      expect(time.now - endedAt).toBeLessThanOrEqual(1000.001);
      redial[Symbol.dispose]();
      expect(time.next).toBe(Infinity);
    }),
    { numRuns: Number(process.env['LAB_RUNS'] ?? 300) },
  );
});
