import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { GuestConsole } from '../../src/launcher/guest/guest-console.ts';
import { guestFilesIn } from '../../src/launcher/guest/guest-record.ts';
import { groupNeeds, GroupNet, groupPort, groupSubnet, type GroupHost } from './group-net.ts';
import { guestNeeds } from './peers.ts';
import type { Running } from './running.ts';
import { useStage } from './stage.ts';
import { guestImage, leaseOf } from './star.ts';

const slaves = 8;
const withGuest = 2;

/** Returns the address of the guest with that id. */
const addressOf = (id: number): string => `10.77.0.${10 + id}`;

/** The octets of the beginning of each guest's MAC address. */
const macPrefix = Buffer.from([0x02, 0x65, 0x6c, 0x00, 0x00]);

describe('a master and eight slaves, each with an address of its own, one of them behind a NAT', { timeout: 180_000 }, () => {
  const stage = useStage(['networks', ...groupNeeds, ...guestNeeds]);

  /** Adds the machines: the master, and the slaves in the order of their ids. */
  const machines = async (net: GroupNet): Promise<{ master: GroupHost; hosts: GroupHost[] }> => {
    const master = await net.add('heart');
    const hosts: GroupHost[] = [];
    for (let id = 1; id < slaves; id++) hosts.push(await net.add(`friend-${id}`));
    hosts.push(await net.addBehindNat(`friend-${slaves}`));
    return { master, hosts };
  };

  /** Lets each node have a guest or a station, and waits until all pairs have pinged each other. */
  const pingAll = async (net: GroupNet, nodes: readonly Node[]): Promise<void> => {
    const addresses = nodes.map(({ id }) => addressOf(id));
    const stations = nodes.filter(({ id }) => id > withGuest).map(({ host, id }) => net.station(host, id, addresses));
    for (const { id, running } of nodes) if (id <= withGuest) expect(await leaseOf(running)).toBe(addressOf(id));
    const answered = stations.map(async (station) => {
      for (const address of addresses) await station.line(new RegExp(`"msg":"${address.replaceAll('.', '\\.')} answers in `));
    });
    const pinged = nodes
      .filter(({ id }) => id <= withGuest)
      .map(async ({ host }) => {
        using console = await GuestConsole.open(guestFilesIn(`${net.state(host.name)}/guest`).console);
        for (const address of addresses) expect((await console.run(`ping -c 1 -W 5 ${address}`)).status, address).toBe(0);
      });
    await Promise.all([...answered, ...pinged]);
  };

  it('join by the printed line, get their leases, and ping each other, while a listener finds no frame, token or name; in a plain star it does', async (context) => {
    const image = await guestImage(stage);
    const net = await GroupNet.open(stage);
    const { master, hosts } = await machines(net);
    const recording = await net.record();
    const guest = ['--guest', image, '--accel', 'tcg'];
    const { running, line } = await net.master(master, '--advertise', `${master.address}:${groupPort}`, ...guest);
    expect(line).toMatch(new RegExp(`^10\\.9\\.0\\.1:${groupPort}/[a-z2-7]{32}\\.[a-z2-7]{8}\\.[a-z2-7]{26}$`));
    const nodes: Node[] = [{ id: 0, host: master, running }];
    let slowest = 0;
    for (const [at, host] of hosts.entries()) {
      const begun = Date.now();
      const joined = await net.join(host, line, ...(at < withGuest ? guest : []));
      slowest = Math.max(slowest, Date.now() - begun);
      await joined.line(/"msg":"linked to /);
      nodes.push({ id: at + 1, host, running: joined });
    }
    await context.annotate(`the slowest slave was ready after ${slowest} ms`);
    await pingAll(net, nodes);
    await recording.stop();
    const secret = line.split('.').at(-1) ?? '';
    const secrets = [macPrefix, secret, line.slice(line.indexOf('/') + 1), ...[master, ...hosts].map(({ name }) => name)];
    expect(secrets.filter((one) => recording.octets.includes(one)).map(String)).toEqual([]);
    expect(recording.octets.length).toBeGreaterThan(50_000);
  });

  it('show all of that to a listener where they are plain', async () => {
    const net = await GroupNet.open(stage);
    const [master, one] = [await net.add('heart'), await net.add('friend-1')];
    const recording = await net.record();
    const listen = ['--listen', `${master.address}:${groupPort}`, '--subnet', groupSubnet, '--plain'];
    await master.machine.etherloom('master', ...listen, ...net.place(master));
    const slave = await one.machine.etherloom('slave', '--master', `${master.address}:${groupPort}`, '--plain', ...net.place(one));
    await slave.line(/"msg":"linked to /);
    const station = net.station(one, 1, ['10.77.0.1']);
    await station.line(/10\.77\.0\.1 answers in/);
    await recording.stop();
    const key = readFileSync(`${net.state(one.name)}/node-key`, 'utf8').trim();
    expect([macPrefix, key].filter((octets) => !recording.octets.includes(octets)).map(String)).toEqual([]);
  });
});

/** A node that runs. */
interface Node {
  readonly id: number;
  readonly host: GroupHost;
  readonly running: Running;
}
