import { expect, it, describe } from 'vitest';
import { lab, matchers, type LabHost, type LabMatchers, type Network } from '../../src/lab/lab.ts';

declare module 'vitest' {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type, @typescript-eslint/no-unused-vars
  interface Matchers<T> extends LabMatchers {}
}

expect.extend(matchers);

function pair(net: Network): [LabHost, LabHost] {
  const s1 = net.switch('s1');
  return [net.host('a', s1), net.host('b', s1)];
}

describe('matchers', () => {
  it('pass where the checks do, and where .not is so', async () => {
    using net = lab();
    net.star(2);
    const [a, b] = [net.hostNamed('h0'), net.hostNamed('h1')];
    const [first] = net.links;
    await expect(a).toHaveLease();
    await expect(b).toHaveLease({ seconds: 30 });
    await expect(a).toReach(b);
    await expect(a).toReachWithin(b, { milliseconds: 10 });
    await expect(b).toSeeFrame(/echo request/);
    await expect(b).not.toSeeFrame('IPv6');
    await expect(net).toHaveNoLoop();
    await expect(net).toHaveConverged();
    first?.cut();
    await expect(a).notToReach(b);
    await expect(a).not.toReach(b);
    await expect(a).not.toReachWithin(b, { seconds: 1 });
  });

  it('say why they fail, as the checks do', async () => {
    using net = lab();
    const [a, b] = pair(net);
    await expect(expect(a).not.toReach(b)).rejects.toThrow(
      /^expected: a does not reach b \(seed 1\)\nbut the echo reply came back in 0\.[34] ms\nits path:/,
    );
    await expect(expect(a).notToReach(b)).rejects.toThrow(/^expected: a does not reach b/);
    await expect(expect(b).toReachWithin(a, { milliseconds: 0.01 })).rejects.toThrow(/^expected: b reaches a within 0\.01 ms/);
    await expect(expect(a).toHaveLease()).rejects.toThrow('it has no DHCP client');
    await expect(expect(a).toSeeFrame('IPv6')).rejects.toThrow('expected: a sees a frame like IPv6');
    await expect(expect(net).not.toHaveNoLoop()).rejects.toThrow('expected: there is a loop');
    await expect(expect(net).not.toHaveConverged()).rejects.toThrow('expected: the spanning trees have not converged');
  });

  it('refuse what is none of the lab', async () => {
    await expect(expect('a').toReach('b')).rejects.toThrow('expected a host of the lab, not a');
  });
});
