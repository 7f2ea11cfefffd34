import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { bin, freePort, useStage } from './stage.ts';

/** The most milliseconds of a join, from its start until its welcome, on a machine that does other things. */
const quick = 3000;

describe('strangers at the ports of a master', { timeout: 60_000 }, () => {
  const stage = useStage([]);

  /** Opens connections that say so much, and hold on. */
  const crowd = async (port: number, size: number, words: string): Promise<void> => {
    const sockets = Array.from({ length: size }, () => connect(port, '127.0.0.1'));
    onTestFinished(() => sockets.forEach((socket) => void socket.destroy()));
    for (const socket of sockets) socket.on('error', () => undefined).resume();
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    if (words !== '') for (const socket of sockets) socket.write(words);
  };

  it('do not hold up a join: 256 that are silent, 300 with half a line, and 100 with a part of a ClientHello', async (context) => {
    const port = await freePort();
    const state = ['--sock', stage.path('m'), '--state', stage.path('m-state')];
    await stage.etherloom('master', '--listen', `127.0.0.1:${port}`, ...state, '--subnet', '10.77.0.0/24');
    const made = await stage.run([bin('etherloom'), 'token', 'new', '--uses', '9', '--state', stage.path('m-state')]);
    const line = /^\S+:\d+\/\S+$/m.exec(made.text)?.[0] ?? expect.fail(made.text);
    await crowd(port, 256, '');
    await crowd(port + 1, 300, '{"type":"hello","vers');
    await crowd(port, 100, '\u0016\u0003\u0001\u0002\u0000\u0001');
    const times: number[] = [];
    for (const name of ['a', 'b']) {
      const join = [bin('etherloom'), 'join', line, '--only', '--sock', stage.path(name), '--state', stage.path(`${name}-state`)];
      const slave = stage.start(join);
      await slave.line(/^sock /);
      const began = performance.now();
      await slave.line(/joined as slave/);
      times.push(performance.now() - began);
      expect(await slave.exit).toMatchObject({ status: 0 });
    }
    await context.annotate(`joins took ${times.map((time) => time.toFixed(0)).join(' and ')} ms`);
    expect(Math.max(...times)).toBeLessThan(quick);
  });
});
