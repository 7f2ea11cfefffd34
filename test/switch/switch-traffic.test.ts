/** The properties of the switch under any traffic. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PortNumber } from '../../src/switch/switch.ts';
import { addTag, isTagged, removeTag, vid } from '../../src/wire/dot1q.ts';
import { etherTypes } from '../../src/wire/ethernet.ts';
import { testFrame, TestSwitch } from './test-switch.ts';

const vlans = {
  1: { untagged: vid(5) },
  2: { untagged: vid(5) },
  3: { untagged: vid(6) },
  4: { untagged: 'none' as const, tagged: [vid(5), vid(6)] },
  5: { untagged: vid(5), tagged: [vid(6)] },
};

const anyFrame = fc.oneof(
  {
    weight: 10,
    arbitrary: fc
      .record(
        {
          from: fc.nat(6),
          to: fc.oneof(fc.nat(6), fc.constant('all' as const)),
          tci: fc.constantFrom(0, 5, 0x2005, 6, 7, 0xffff),
          etherType: fc.constantFrom<number>(...Object.values(etherTypes)),
        },
        { requiredKeys: ['from', 'to'] },
      )
      .map(testFrame),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 30 }) },
);
const traffic = fc.array(
  fc.oneof(
    { weight: 20, arbitrary: fc.record({ port: fc.integer({ min: 1, max: 5 }), frame: anyFrame }) },
    { weight: 1, arbitrary: fc.record({ pause: fc.nat(120_000) }) },
    { weight: 1, arbitrary: fc.record({ carrierOf: fc.integer({ min: 1, max: 5 }), up: fc.boolean() }) },
  ),
  { maxLength: 120 },
);

/** Puts random traffic through; `check` is told of each frame, when it is due. */
function under(check: (lab: TestSwitch, port: PortNumber, frame: Uint8Array) => void, options: { maxEntries?: number } = {}): void {
  fc.assert(
    fc.property(traffic, (steps) => {
      const lab = new TestSwitch(vlans, options);
      for (const step of steps) {
        if ('pause' in step) lab.clock.advance(step.pause);
        else if ('carrierOf' in step) lab.bridge.setCarrier(step.carrierOf, step.up);
        else check(lab, step.port, step.frame);
      }
    }),
    { numRuns: 200 },
  );
}

test('under random traffic no frame leaves by its ingress, by a port that is down, or into another VLAN', () => {
  under((lab, port, frame) => {
    const explanation = lab.bridge.explain(port, frame);
    for (const sent of lab.receive(port, frame)) {
      const to = lab.bridge.port(sent.port);
      expect(sent.port).not.toBe(port);
      expect(to?.up).toBe(true);
      expect(explanation && 'vid' in explanation && to?.vlans.has(explanation.vid)).toBe(true);
    }
  });
});

test('under random traffic what is sent is the frame, with or without its tag', () => {
  under((lab, port, frame) => {
    const explanation = lab.bridge.explain(port, frame);
    for (const sent of lab.receive(port, frame)) {
      if (explanation === undefined || !('vid' in explanation)) throw new Error('a frame to be dropped was sent');
      const other = isTagged(frame) ? removeTag(frame) : addTag(frame, explanation.vid);
      expect([frame, other]).toContainEqual(sent.frame);
    }
  });
});

test('under random traffic explain says what receive then does, also with a full database', () => {
  for (const maxEntries of [65_536, 2]) {
    under(
      (lab, port, frame) => {
        const before = lab.bridge.port(port)?.counters.drops;
        const counted = { ...before };
        const explanation = lab.bridge.explain(port, frame);
        expect(lab.bridge.port(port)?.counters.drops).toEqual(counted);
        const sent = lab.receive(port, frame);
        if (explanation?.decision === 'drop') {
          expect(sent).toEqual([]);
          expect(before?.[explanation.reason]).toBe((counted[explanation.reason] ?? 0) + 1);
        } else {
          const untagged = frame.length - (isTagged(frame) ? 4 : 0);
          expect(sent.map((way) => ({ port: way.port, tagged: way.frame.length > untagged }))).toEqual(
            explanation && 'egress' in explanation && explanation.egress,
          );
        }
      },
      { maxEntries },
    );
  }
});

test('under random traffic each frame that leaves nowhere is counted under exactly one reason', () => {
  under((lab, port, frame) => {
    const dropped = (): number => Object.values(lab.bridge.port(port)?.counters.drops ?? {}).reduce((sum, count) => sum + count, 0);
    const before = dropped();
    expect(dropped() - before).toBe(0);
    const sent = lab.receive(port, frame);
    expect(dropped() - before).toBe(sent.length === 0 ? 1 : 0);
  });
});

test('under random traffic a frame is never written to, and overwriting it afterwards does no harm', () => {
  const left = (ruin: boolean): string[] => {
    const log: string[] = [];
    fc.assert(
      fc.property(traffic, (steps) => {
        const ring = new Uint8Array(64);
        const transmit = (port: PortNumber, frame: Uint8Array): void => void log.push(`${port} ${frame.join()}`);
        const lab = new TestSwitch(vlans, { transmit });
        for (const step of steps) {
          if (!('frame' in step)) continue;
          const borrowed = ring.subarray(0, step.frame.length);
          borrowed.set(step.frame);
          lab.receive(step.port, borrowed);
          expect(borrowed).toEqual(step.frame);
          if (ruin) ring.fill(0xa5);
        }
      }),
      { numRuns: 100, seed: 20261122 },
    );
    return log;
  };
  expect(left(true)).toEqual(left(false));
});
