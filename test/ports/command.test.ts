import { describe, expect, it } from 'vitest';
import { startCommand } from '../../src/ports/command.ts';
import { ManualClock } from '../manual-clock.ts';
import { collect, frameOf, Rig, sameFrames, using } from './rig.ts';

describe('a command whose standard input and output are a stream of frames', () => {
  it('is a port', async () => {
    const rig = new Rig();
    const { port } = using(await startCommand(['cat'], rig.environment));
    const back = collect(port);
    const frames = [60, 14, 1514].map((size) => frameOf(size));
    rig.send(port, ...frames);
    await back.count(frames.length);
    expect(sameFrames(back.frames, frames)).toBe(true);
  });

  it('ends with its input, and how it ended is told, with what it wrote to standard error', async () => {
    const rig = new Rig();
    const complaints: string[] = [];
    const script = 'cat > /dev/null; echo the reason >&2; exit 3';
    const command = await startCommand(['sh', '-c', script], rig.environment, { complaint: (text) => void complaints.push(text) });
    expect(await command.finish()).toBe('exit status 3');
    expect(complaints.join('')).toBe('the reason\n');
  });

  it('is told to end when it does not', async () => {
    const clock = new ManualClock();
    const command = await startCommand(['sleep', '1000'], new Rig(clock).environment);
    const finished = command.finish();
    await Promise.resolve();
    clock.advance(2_000);
    expect(await finished).toBe('signal SIGTERM');
  });

  it('says that there is no such program', async () => {
    await expect(startCommand(['no-such-program'], new Rig().environment)).rejects.toThrow(
      'cannot start no-such-program: no such file or directory (ENOENT); install it, or correct the command',
    );
  });
});
