import { describe, expect, it } from 'vitest';
import { OpenVswitch, ovsNeeds } from './open-vswitch.ts';
import { Network, overlayNeeds, type Machine } from './overlay-rig.ts';
import { namespaceFlags } from './peers.ts';
import { until, useStage, type Stage } from './stage.ts';

/** The hosts of the mesh: their addresses inside it, and outside, by version of IP. */
const [theirs, ours, others] = [
  { inside: '192.168.50.1', 4: '10.9.0.1', 6: 'fd09::1' },
  { inside: '192.168.50.2', 4: '10.9.0.2', 6: 'fd09::2' },
  { inside: '192.168.50.3', 4: '10.9.0.3', 6: 'fd09::3' },
] as const;

/** Open vSwitch on a machine, and two of ours behind cables that its bridge `phy` joins. */
async function openNetwork(stage: Stage): Promise<{ ovs: OpenVswitch; their: Machine; our: Machine; other: Machine }> {
  const network = await Network.open(stage, namespaceFlags());
  const [their, our, other] = [network.first, await network.add(), await network.add()];
  await network.cable([their, 'u0'], [our, 'wan', `${ours[4]}/24`, `${ours[6]}/64`]);
  await network.cable([their, 'u1'], [other, 'wan', `${others[4]}/24`, `${others[6]}/64`]);
  const ovs = await OpenVswitch.open(stage, their);
  await ovs.bridge('phy', ['u0', 'u1'], `${theirs[4]}/24`, `${theirs[6]}/64`);
  for (const machine of [their, our, other]) await machine.serve('0.0.0.0');
  return { ovs, their, our, other };
}

interface Kind {
  readonly name: string;
  readonly family: 4 | 6;
  /** The type and the options of Open vSwitch's tunnels. */
  readonly type: 'vxlan' | 'gre';
  readonly key?: number;
  /** Our address, and the fields of the header that all packets have. */
  readonly address: string;
  readonly header: Readonly<Record<string, string>>;
}

const kinds: readonly Kind[] = [
  { name: 'VXLAN over IPv4', family: 4, type: 'vxlan', key: 77, address: 'vxlan://REMOTES?vni=77', header: vxlanHeader(77) },
  { name: 'VXLAN over IPv6', family: 6, type: 'vxlan', key: 78, address: 'vxlan://REMOTES?vni=78', header: vxlanHeader(78) },
  { name: 'GRE without a key', family: 4, type: 'gre', address: 'gretap://REMOTES', header: greHeader() },
  { name: 'GRE with a key', family: 4, type: 'gre', key: 42, address: 'gretap://REMOTES?key=42', header: greHeader(42) },
  { name: 'GRE over IPv6', family: 6, type: 'gre', key: 43, address: 'gretap://REMOTES?key=43', header: greHeader(43) },
];

describe('a mesh of Open vSwitch, without its kernel module, and two switches of ours', { timeout: 60_000 }, () => {
  const stage = useStage(['namespaces', ...overlayNeeds, ...ovsNeeds, 'dumpcap', 'tshark'], { shared: true });
  let opened: ReturnType<typeof openNetwork> | undefined;

  it.each(kinds.map((kind) => [kind.name, kind] as const))('carries pings and TCP from each to each: %s', async (_, kind) => {
    const { family, type, key, address, header } = kind;
    opened ??= openNetwork(stage);
    const { ovs, their, our, other } = await opened;
    const all = [
      [their, theirs],
      [our, ours],
      [other, others],
    ] as const;
    await ovs.bridge('int0', [], `${theirs.inside}/24`);
    for (const [i, host] of [ours, others].entries()) {
      await ovs.tunnel('int0', `t${i}`, type, { remote_ip: host[family], ...(key === undefined ? {} : { key }) });
    }
    const switches = all.slice(1).map(async ([machine, host]) => {
      const remotes = all.filter(([, one]) => one !== host).map(([, one]) => one[family]);
      const running = await machine.switch(`s${host[4]}`, ['tap://in0', address.replace('REMOTES', remotes.join())]);
      await machine.sh(`ip address add ${host.inside}/24 dev in0`, 'ip link set in0 mtu 1400 up');
      return running;
    });
    const started = await Promise.all(switches);
    const recording = await their.record('u0');

    // Open vSwitch loses a packet while it asks for the MAC address of a next hop.
    await until('Open vSwitch knows its next hops', async () => (await their.run(firstPings)).status === 0);
    const forth = all.map(([machine], i) => [machine, (all[i + 1] ?? all[0])[1].inside] as const);
    const back = all.map(([machine], i) => [machine, (all.at(i - 1) ?? all[0])[1].inside] as const);
    await Promise.all([...forth, ...back].map(async ([machine, inside]) => machine.pings(inside, { octets: 1_300 })));
    await Promise.all(forth.map(async ([machine, inside]) => machine.moves('get', `http://${inside}`, 300_000)));
    await recording.end(our, theirs.inside, 2);
    for (const running of started) await running.end();
    await ovs.set('del-br', 'int0');

    expect(await recording.lines(`${type} && tcp`, ...Object.keys(header))).toEqual(new Set([Object.values(header).join('\t')]));
    expect(await recording.faults()).toEqual([]);
  });
});

const firstPings = ['sh', '-c', [ours, others].map(({ inside }) => `ping -c 1 -W 1 ${inside}`).join(' && ')];

function vxlanHeader(vni: number): Kind['header'] {
  return { 'vxlan.flags': '0x0800', 'vxlan.vni': String(vni) };
}

function greHeader(key?: number): Kind['header'] {
  const keyed = key === undefined ? '' : `0x${key.toString(16).padStart(8, '0')}`;
  return { 'gre.flags_and_version': key === undefined ? '0x0000' : '0x2000', 'gre.proto': '0x6558', 'gre.key': keyed };
}
