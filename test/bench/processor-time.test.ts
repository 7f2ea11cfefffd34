import { closeSync, openSync, readSync } from 'node:fs';
import { expect, it } from 'vitest';
import { sampleOf } from '../../bench/harness/load.ts';
import { processorTime, tickedTime } from '../../bench/load/processor-time.ts';

/** Works until ticks have found this process at work for so long, in nanoseconds, and returns the part of that in user space. */
function userShareOf(work: () => void): number {
  const enough = 2e8;
  const before = tickedTime(process.pid);
  for (;;) {
    const end = processorTime(process.pid) + 4e6;
    while (processorTime(process.pid) < end) work();
    const now = tickedTime(process.pid);
    if (now.all - before.all >= enough) return (now.user - before.user) / (now.all - before.all);
  }
}

it('tells time in user space from time in the kernel', () => {
  let sum = 0;
  const counting = userShareOf(() => {
    for (let i = 0; i < 1e6; i++) sum = (sum + i) | 0;
  });
  const zeros = openSync('/dev/zero', 'r');
  const octets = Buffer.alloc(2 ** 20);
  const reading = userShareOf(() => readSync(zeros, octets));
  closeSync(zeros);
  expect(sum).not.toBe(1);
  expect(counting).toBeGreaterThan(0.7);
  expect(reading).toBeLessThan(0.3);
});

const result = {
  seconds: 2,
  delivered: 1e6,
  processorSeconds: 2,
  loadProcessorSeconds: 1,
  otherProcessorSeconds: 0,
  softirqSeconds: 0,
  expected: 1e6,
  lost: 0,
  strays: 0,
  memory: 2 ** 20,
};

it('shares the processor time of a frame between user space and the kernel', () => {
  expect(sampleOf({ ...result, userShare: 0.25 })).toMatchObject({ perProcessorSecond: 5e5, userPerFrame: 0.5, systemPerFrame: 1.5 });
});

it('says nothing of user and system time that no tick has found', () => {
  expect(sampleOf(result)).not.toHaveProperty('userPerFrame');
  expect(sampleOf(result)).not.toHaveProperty('systemPerFrame');
});
