import { lab, survives } from 'etherloom/lab';
import { evidenceIn } from 'etherloom/lab/node';
import fc from 'fast-check';
import { expect, test } from 'vitest';

// A failed assertion leaves a capture of the run there, for Wireshark.
const evidence = evidenceIn('evidence');

test('hosts of one VLAN reach each other, and nobody else', async () => {
  using net = lab({ evidence });
  const [s1, s2] = [net.switch('s1', { vlans: [5, 6] }), net.switch('s2', { vlans: [5, 6] })];
  net.link(s1, s2, { latency: 2 });
  const a = net.host('a', s1, { vlan: 5 });
  const b = net.host('b', s2, { vlan: 5 });
  const c = net.host('c', s2, { vlan: 6 });
  await expect(a).toReachWithin(b, { milliseconds: 10 });
  await expect(a).notToReach(c);
});

test('everybody has an address, also after a crash of the server', async () => {
  using net = lab({ evidence });
  const { master, hosts } = net.star(3);
  for (const host of hosts) await expect(host).toHaveLease();
  master.crash()[Symbol.dispose]();
  for (const host of hosts) await expect(host).toHaveLease();
});

test('a ring heals, whatever happens to it', async () => {
  await survives(fc, { runs: 50 }, (net) => async () => {
    await expect(net).toHaveConverged({ minutes: 5 });
    await expect(net.hostNamed('h1')).toReach(net.hostNamed('h2'));
  });
});
