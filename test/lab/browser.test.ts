import { createContext, runInContext } from 'node:vm';
import { rolldown } from 'rolldown';
import { expect, it } from 'vitest';

it('the lab runs where there is nothing of Node: bundled for a browser, with nothing but the language and text encoding', async () => {
  const input = new URL('../../src/lab/lab.ts', import.meta.url).pathname;
  const bundle = await rolldown({ input, platform: 'browser', logLevel: 'silent', transform: { target: 'es2023' } });
  const { output } = await bundle.generate({ format: 'iife', name: 'etherloom' });
  const [{ code, imports }] = output;
  expect([output.length, imports]).toEqual([1, []]);
  const context = createContext({ TextEncoder, TextDecoder });
  const program = `${code}
    (async () => {
      const net = etherloom.lab({ seed: 7, record: true });
      const { hosts: [a, b, c] } = net.star(2);
      await etherloom.assertHasLease(a);
      await etherloom.assertHasLease(b);
      await etherloom.assertReaches(a, b);
      net.linkNamed('slave1-master').impair('loss 10, delay 5+5n, noise 100');
      b.udp(7, ({ from, port, text }, socket) => socket.send(from, port, text));
      await net.run({ minutes: 5 });
      const same = etherloom.recording(etherloom.play(etherloom.recording(net))) === etherloom.recording(net);
      const failure = await etherloom.assertReaches(c, '10.9.9.9').catch((error) => error.message);
      return { same, octets: etherloom.captureOf(net).length, failure };
    })()`;
  const result = (await runInContext(program, context)) as { same: boolean; octets: number; failure: string };
  expect(result.same).toBe(true);
  expect(result.octets).toBeGreaterThan(10_000);
  expect(result.failure).toMatch(/^expected: h2 reaches 10\.9\.9\.9 \(seed 7\)/);
});
