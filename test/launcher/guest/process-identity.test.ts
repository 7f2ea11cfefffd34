import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { findProcess, identifyProcess, isAlive, signalProcess } from '../../../src/launcher/guest/process-identity.ts';

/** Returns a process that does nothing, and its number. */
function idle(): { child: ReturnType<typeof spawn>; pid: number } {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, pid: child.pid ?? 0 };
}

describe('the identity of a process', () => {
  it('holds while the process lives, and no longer', async () => {
    const { child, pid } = idle();
    const identity = identifyProcess(pid);
    if (identity === undefined) throw new Error('it lives');
    expect(isAlive(identity)).toBe(true);
    signalProcess(identity, 'SIGTERM');
    expect((await once(child, 'exit'))[1]).toBe('SIGTERM');
    expect(isAlive(identity)).toBe(false);
    expect(identifyProcess(pid)).toBeUndefined();
  });

  it('is another for another process with the same number', () => {
    const { child, pid } = idle();
    const identity = identifyProcess(pid);
    if (identity === undefined) throw new Error('it lives');
    const earlier = { ...identity, startTime: identity.startTime - 1 };
    expect(isAlive(earlier)).toBe(false);
    expect(isAlive({ ...identity, bootId: 'another start of the machine' })).toBe(false);
    signalProcess(earlier, 'SIGKILL');
    expect(isAlive(identity)).toBe(true);
    expect(child.killed).toBe(false);
  });

  it('is undefined for a process that nobody has', () => {
    expect(identifyProcess(2 ** 30)).toBeUndefined();
  });

  it('is found by words that follow each other in its arguments, whole words only', () => {
    const child = spawn('sleep', ['60', '7.25', '0']);
    try {
      expect(findProcess(['60', '7.25'])).toBe(child.pid);
      expect(findProcess(['7.25', '60'])).toBeUndefined();
      expect(findProcess(['60', '7.2'])).toBeUndefined();
    } finally {
      child.kill();
    }
  });
});
