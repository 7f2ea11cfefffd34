import { expect } from 'expect';
import { it } from 'vitest';
import { lab, matchers, type LabMatchers } from '../../src/lab/lab.ts';

declare module 'expect' {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type, @typescript-eslint/no-unused-vars
  interface Matchers<R extends void | Promise<void>, T = unknown> extends LabMatchers {}
}

expect.extend(matchers);

it('jest takes the matchers too, by the expect of its own', async () => {
  using net = lab();
  const s1 = net.switch('s1');
  const [a, b] = [net.host('a', s1), net.host('b', s1)];
  await expect(a).toReach(b);
  await expect(net).toHaveNoLoop();
  await expect(expect(a).not.toReach(b)).rejects.toThrow('expected: a does not reach b (seed 1)\nbut the echo reply came back in');
  net.linkNamed('b-s1').cut();
  await expect(a).not.toReach(b);
  await expect(a).notToReach(b);
  await expect(expect(a).toReach(b)).rejects.toThrow('expected: a reaches b (seed 1)\nbut no echo reply came back\nits path:\n');
});
