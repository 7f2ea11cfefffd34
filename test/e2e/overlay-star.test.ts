import { createCipheriv, createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { GuestConsole } from '../../src/launcher/guest/guest-console.ts';
import { guestFilesIn } from '../../src/launcher/guest/guest-record.ts';
import { Network, overlayNeeds, type Machine } from './overlay-rig.ts';
import { guestNeeds } from './peers.ts';
import { bin, freePort, until, useStage, type Stage } from './stage.ts';
import { guestImage, leaseOf, subnet } from './star.ts';

const siteAddress = '10.77.0.250';
const count = 3_000_000;

/** The digest of that many octets as its web server has them. */
const digest = createHash('md5')
  .update(createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(count)))
  .digest('hex');

/**
 * A machine for the star, and one whose kernel has a VXLAN device for it, both with cables of 1,500 octets; between their two routers is a
 * link of 1,400.
 */
async function openNetwork(stage: Stage): Promise<{ near: Machine; far: Machine }> {
  const network = await Network.open(stage);
  const [near, router, next, far] = [network.first, await network.add(), await network.add(), await network.add()];
  await network.cable([near, 'c1', '10.9.1.1/24'], [router, 'c1', '10.9.1.254/24']);
  await network.cable([router, 'c2', '10.9.2.1/24'], [next, 'c2', '10.9.2.2/24']);
  await network.cable([next, 'c3', '10.9.3.254/24'], [far, 'c3', '10.9.3.1/24']);
  await near.sh('ip route add default via 10.9.1.254');
  await router.sh('ip link set c2 mtu 1400', 'ip route add default via 10.9.2.2', forwarding);
  await next.sh('ip link set c2 mtu 1400', 'ip route add default via 10.9.2.1', forwarding);
  await far.sh('ip route add default via 10.9.3.254');
  await far.vxlan('vx', { vni: 77, by: 'c3', remote: '10.9.1.1', address: `${siteAddress}/24` });
  return { near, far };
}

const forwarding = 'echo 1 >/proc/sys/net/ipv4/ip_forward';

describe("a guest of a star whose master has a VXLAN port on a path of 1,400 octets, to a kernel's device", { timeout: 120_000 }, () => {
  const stage = useStage(['networks', ...overlayNeeds, ...guestNeeds, 'socat', 'md5sum']);

  it('gets an MTU, and pings and moves octets over TCP both ways without a stall', async () => {
    const image = await guestImage(stage);
    const { near, far } = await openNetwork(stage);
    const [port, state] = [await freePort(), stage.path('s-state')];
    const place = (name: string): string[] => [
      '--sock',
      stage.path(name),
      '--mgmt',
      stage.path(`${name}.mgmt`),
      '--state',
      stage.path(`${name}-state`),
    ];
    const tunnel = ['--port', 'vxlan://10.9.3.1?vni=77&plain=yes&pmtud=on'];
    await near.etherloom('master', '--listen', `127.0.0.1:${port}`, '--subnet', subnet, ...place('m'), ...tunnel);
    const slave = await near.etherloom('slave', '--master', `127.0.0.1:${port}`, ...place('s'), '--guest', image, '--accel', 'tcg');
    await far.serve(siteAddress);
    await leaseOf(slave);
    using console = await GuestConsole.open(guestFilesIn(`${state}/guest`).console);
    const run = async (command: string): Promise<string> => {
      const { status, output } = await console.run(command, { timeout: 30_000 });
      expect({ command, status, output }).toMatchObject({ status: 0 });
      return output;
    };

    // The cable of the master's machine has 1,500.
    expect(await run('cat /sys/class/net/eth0/mtu')).toBe('1450');
    await run(`ping -c 3 -W 5 ${siteAddress}`);
    await run(`wget -q -O /octets http://${siteAddress}/octets/${count}`);
    expect(await run('md5sum /octets')).toMatch(digest);
    const receiver = far.start(['sh', '-c', 'socat -u TCP-LISTEN:5001 - | md5sum']);
    await run(`until nc ${siteAddress} 5001 </octets; do sleep 0.1; done`);
    await receiver.line(new RegExp(digest));
    await until('the master knows the path', async () => {
      const { text } = await stage.run([bin('vdecmd'), '-s', stage.path('m.mgmt'), 'port/print']);
      return text.includes('MTU 1350');
    });
    await run(`ping -c 3 -W 5 -s 1322 ${siteAddress}`);
  });
});
