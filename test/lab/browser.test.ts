import { createContext, runInContext } from 'node:vm';
import fc from 'fast-check';
import { rolldown } from 'rolldown';
import { expect, it } from 'vitest';

it('the lab runs where there is nothing of Node: bundled for a browser, with nothing but the language, without its newest words, and text encoding', async () => {
  const input = new URL('../../src/lab/lab.ts', import.meta.url).pathname;
  const bundle = await rolldown({ input, platform: 'browser', logLevel: 'silent', transform: { target: 'es2023' } });
  const { output } = await bundle.generate({ format: 'iife', name: 'etherloom' });
  const [{ code, imports }] = output;
  expect([output.length, imports]).toEqual([1, []]);
  const context = createContext({ TextEncoder, TextDecoder, fc });
  const program = `${code}
    (async () => {
      const net = etherloom.lab({ seed: 7, record: true });
      const { hosts: [a, b, c] } = net.star(2);
      await etherloom.assertHasLease(a);
      await etherloom.assertHasLease(b);
      await etherloom.assertReaches(a, b);
      net.linkNamed('slave1-master').impair('loss 10, delay 5+5n, noise 100');
      b.udp(7, async ({ from, port, text }, socket) => {
        await null;
        socket.send(from, port, text);
      });
      const asking = a.udp();
      a.after(1000, () => asking.send(b, 7, 'x'));
      await net.runUntil(() => asking.received.length > 0);

      await net.run({ minutes: 5 });
      const same = etherloom.recording(etherloom.play(etherloom.recording(net))) === etherloom.recording(net);
      const failure = await etherloom.assertReaches(c, '10.9.9.9').catch((error) => error.message);
      const survived = await etherloom.survives(fc, { runs: 3 }, (one) => () => etherloom.assertHasConverged(one)).then(() => 'yes', String);
      return { same, survived, octets: etherloom.captureOf(net).length, failure };
    })()`;
  const result = (await runInContext(program, context)) as { same: boolean; survived: string; octets: number; failure: string };
  expect([result.same, result.survived]).toEqual([true, 'yes']);
  expect(result.octets).toBeGreaterThan(10_000);
  expect(result.failure).toMatch(/^expected: h2 reaches 10\.9\.9\.9 \(seed 7\)/);
});
