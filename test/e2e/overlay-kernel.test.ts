import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Network, overlayNeeds, type Machine } from './overlay-rig.ts';
import { debianPython } from './peers.ts';
import { useStage, type Stage } from './stage.ts';

const tagged = join(import.meta.dirname, 'tagged-frames.py');
const [leftAddress, rightAddress] = ['192.168.50.1', '192.168.50.2'];

/** Two machines whose kernels have VXLAN devices, and our switch between them: it reaches one over IPv4, the other over IPv6. */
async function openNetwork(stage: Stage): Promise<{ left: Machine; middle: Machine; right: Machine }> {
  const network = await Network.open(stage);
  const [left, middle, right] = [await network.add(), network.first, await network.add()];
  await network.cable([middle, 'c1', '10.9.1.1/24'], [left, 'c1', '10.9.1.2/24']);
  await network.cable([middle, 'c2', 'fd09:2::1/64'], [right, 'c2', 'fd09:2::2/64']);
  await left.vxlan('vx', { vni: 77, by: 'c1', remote: '10.9.1.1', address: `${leftAddress}/24` });
  await right.vxlan('vx', { vni: 78, by: 'c2', remote: 'fd09:2::1', address: `${rightAddress}/24` });
  await middle.switch('s', ['vxlan://10.9.1.2?vni=77', 'vxlan://[fd09:2::2]?vni=78']);
  return { left, middle, right };
}

describe("the kernel's VXLAN devices at the far ends of vxlan://", { timeout: 120_000 }, () => {
  const stage = useStage(['networks', ...overlayNeeds, 'dumpcap', 'tshark', debianPython]);

  it('carry ARP, pings, tagged frames and many flows, all of which tshark can read', async () => {
    const { left, middle, right } = await openNetwork(stage);
    const recording = await middle.record('c1', 'c2');
    await left.pings(rightAddress);
    const echo = right.start([debianPython, tagged, 'echo', 'vx']);
    const [mac] = await echo.line(/^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/);
    expect(await left.sh(`${debianPython} ${tagged} send vx ${mac} 20`)).toBe('20 came back');
    await right.serve(rightAddress);
    await left.connects(rightAddress, 48);
    await recording.end(left, rightAddress, 4);

    expect(await recording.lines('vxlan', 'vxlan.flags', 'vxlan.vni')).toEqual(new Set(['0x0800\t77', '0x0800\t78']));
    expect(await recording.lines(`arp.opcode == 2 && arp.dst.proto_ipv4 == ${leftAddress}`, 'vxlan.vni')).toEqual(new Set(['77', '78']));
    expect(await recording.lines('vlan', 'vlan.priority', 'vlan.id', 'vxlan.vni')).toEqual(new Set(['3\t5\t77', '3\t5\t78']));
    // A source port for each flow, of 16: 48 flows that all had one of three would be a fault.
    for (const ours of ['ip.src == 10.9.1.1', 'ipv6.src == fd09:2::1']) {
      const ports = [...(await recording.lines(`${ours} && tcp`, 'udp.srcport'))].map(Number);
      expect(ports.length).toBeGreaterThan(3);
      expect(ports.length).toBeLessThanOrEqual(16);
      expect(Math.min(...ports)).toBeGreaterThanOrEqual(49_152);
    }
    expect(await recording.faults()).toEqual([]);
  });

  it('carry 100 MB over TCP, each octet as it was sent', async () => {
    const { left, right } = await openNetwork(stage);
    await right.serve(rightAddress);
    await left.moves('get', `http://${rightAddress}`, 80_000_000);
    await left.moves('put', `http://${rightAddress}`, 20_000_000);
    expect(await left.sh('nstat -asz TcpInCsumErrors | tail -n 1')).toMatch(/ 0 +0\.0/);
  });
});
