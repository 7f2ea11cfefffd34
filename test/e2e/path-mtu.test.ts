import { beforeAll, describe, expect, it } from 'vitest';
import { decodeUint16 } from '../../src/dhcp/options.ts';
import { messageTypeOf, messageTypes, optionCodes } from '../../src/wire/dhcp.ts';
import { decodeEthernet, encodeEthernet, etherTypes } from '../../src/wire/ethernet.ts';
import { decodeIcmpUnreachable } from '../../src/wire/icmp.ts';
import { decodeIpv4, encodeIpv4, ipProtocols, ipv4FromNumber } from '../../src/wire/ipv4.ts';
import { macFromNumber, type MacAddress } from '../../src/wire/mac.ts';
import { clientFrame, message } from '../dhcp/segment.ts';
import { ConsoleTalk } from './console-talk.ts';
import { dhcpIn } from './dhcp-frames.ts';
import { card, Host } from './host.ts';
import { ends, narrowPath } from './narrow-path.ts';
import { missing } from './peers.ts';
import type { Running } from './running.ts';
import { until, useStage, type Stage } from './stage.ts';
import { VdeStation } from './vde-station.ts';

/** The switches at both ends of a narrow path. */
interface Switches {
  readonly near: ConsoleTalk;
  readonly far: ConsoleTalk;
  readonly running: Running;
  readonly sock: (end: 'near' | 'far') => string;
}

async function switches(stage: Stage): Promise<Switches> {
  const { near, far } = await narrowPath(stage);
  const words = (end: string): string[] => ['--sock', stage.path(end), '--mgmt', stage.path(`${end}.m`)];
  const [running] = await Promise.all([
    near.switch(...words('near'), '--dhcp', '10.77.0.0/24', '--state', stage.path('state')),
    far.switch(...words('far')),
  ]);
  const [one, other] = await Promise.all([ConsoleTalk.with(stage.path('near.m')), ConsoleTalk.with(stage.path('far.m'))]);
  return { near: one, far: other, running, sock: (end) => stage.path(end) };
}

const macOf = ({ number }: VdeStation): MacAddress => macFromNumber(0x0200_0000_0000 + number);

/** Returns a packet of `length` octets that must not be fragmented, in a frame from one station to another. */
function packet(from: VdeStation, to: VdeStation, length: number): Uint8Array {
  const between = { source: ipv4FromNumber(0x0a4d_0064), destination: ipv4FromNumber(0x0a4d_00c8) };
  const payload = encodeIpv4({ ...between, protocol: ipProtocols.udp, dontFragment: true, payload: new Uint8Array(length - 20) });
  return encodeEthernet({ destination: macOf(to), source: macOf(from), etherType: etherTypes.ipv4, payload });
}

/** Returns the MTU that an answer tells; undefined if the frame is another one. */
function toldIn(frame: Uint8Array): number | undefined {
  const ethernet = decodeEthernet(frame);
  const ipv4 = ethernet?.etherType === etherTypes.ipv4 ? decodeIpv4(ethernet.payload) : undefined;
  return ipv4?.protocol === ipProtocols.icmp ? decodeIcmpUnreachable(ipv4.payload)?.mtu : undefined;
}

/** Returns the MTU that the DHCP server offers to a station. */
function offered(station: VdeStation): number | undefined {
  const wishes = { [optionCodes.parameterRequestList]: Uint8Array.of(optionCodes.interfaceMtu) };
  station.send([clientFrame(message('discover', { mac: macOf(station), with: wishes }))]);
  let mtu: number | undefined;
  station.hear((frame) => {
    const offer = dhcpIn(frame);
    if (offer === undefined || messageTypeOf(offer) !== messageTypes.offer) return false;
    mtu = decodeUint16(offer.options.get(optionCodes.interfaceMtu));
    return true;
  });
  return mtu;
}

/** Opens a link, and returns its number. */
async function link(console: ConsoleTalk, address: string): Promise<string> {
  expect(await console.ask(`link/add ${address}`)).toContain('1000 Success');
  const [, number = ''] = /Link (\d+) /.exec(await console.ask('link/print')) ?? [];
  return number;
}

describe('on a path with a router whose next link is narrow,', () => {
  const stage = useStage(['networks', 'ip', 'sysctl'], { shared: true });
  let both: Switches;

  beforeAll(async () => {
    if (missing(['networks', 'ip', 'sysctl']) === undefined) both = await switches(stage);
  }, 30_000);

  it.each([
    [1, 'vxlan', 4, 50, (here: string, there: string) => `vxlan://${there}?vni=5&local=${here}&`],
    [2, 'vxlan', 6, 70, (here: string, there: string) => `vxlan://${there}?vni=5&local=${here}&`],
    [3, 'gretap', 4, 38, (here: string, there: string) => `gretap://${there}?local=${here}&`],
    [4, 'gretap', 6, 62, (here: string, there: string) => `gretap://${there}?local=${here}&key=42&`],
    [5, 'etherip', 4, 36, (here: string, there: string) => `etherip://${there}?local=${here}&`],
    [6, 'etherip', 6, 56, (here: string, there: string) => `etherip://${there}?local=${here}&`],
    [7, 'udp', 4, 42, (here: string, there: string) => `udp://${here}:7000,${there}:7000?`],
    [8, 'udp', 6, 62, (here: string, there: string) => `udp://[${here}]:7000,[${there}]:7000?`],
  ] as const)(
    '%i: %s over IPv%i learns its MTU, shows it, tells it, and counts and answers what is longer',
    async (n, module, family, octets, of) => {
      const { near, far, running, sock } = both;
      const [first, then] = [1500 - octets, 1400 - octets];
      const [here, there] = [ends[family].near, ends[family].far(n)];
      const known = running.lines.length;
      const number = await link(near, `${of(here, there)}plain=yes&pmtud=on`);
      const shows = async (mtu: number): Promise<void> =>
        until(`link/print shows ${mtu}`, async () => (await near.ask('link/print')).includes(` up, port 1, MTU ${mtu}\n`));
      await shows(first);
      await running.logged({ mtu: first }, { from: known });
      const [a, b] = [await VdeStation.plug(sock('near')), await VdeStation.plug(sock('far'))];
      expect(offered(a)).toBe(first);

      let told: number | undefined;
      await until('the packet is answered', () => {
        a.send([packet(a, b, first)]);
        told = a
          .take()
          .map(toldIn)
          .find((mtu) => mtu !== undefined);
        return told !== undefined;
      });
      expect(told).toBe(then);
      await shows(then);
      await running.logged({ mtu: then }, { from: known });
      await running.line(new RegExp(`${module} .*a frame of ${first + 14} octets is dropped.*set the MTU of the guests to ${then},`), {
        from: known,
      });
      expect(offered(a)).toBe(then);
      expect(await near.ask('port/drops 1')).toMatch(/ oversize=[1-9]/);
      expect(await near.ask('port/print 1')).toContain(`, MTU ${then}`);

      const back = await link(far, `${of(there, here)}plain=yes`);
      await until('the far end is reached', () => {
        a.send([packet(a, b, 100)]);
        return b.take().some(({ length }) => length === 114);
      });
      a.send([packet(a, b, then), packet(a, b, then + 1), packet(a, b, 99)]);
      const lengths = b.hear(({ length }) => length === 113).map(({ length }) => length);
      expect(lengths.filter((length) => length > 114)).toEqual([then + 14]);
      for (const [console, id] of [
        [near, number],
        [far, back],
      ] as const)
        expect(await console.ask(`link/del ${id}`)).toContain('1000 Success');
      a.unplug();
      b.unplug();
    },
    30_000,
  );
});

describe("a port without don't-fragment", () => {
  const stage = useStage(['networks', 'ip', 'sysctl']);

  it.each(['vxlan', 'gretap'])(
    'of %s has no MTU, and packets that are too long for the path arrive all the same',
    async (scheme) => {
      const key = scheme === 'vxlan' ? 'vni=5' : 'key=5';
      const { near, far, sock } = await switches(stage);
      await link(near, `${scheme}://${ends[4].far(1)}?${key}&plain=yes&fragment=on`);
      await link(far, `${scheme}://${ends[4].near}?${key}&plain=yes`);
      const [a, b] = [await VdeStation.plug(sock('near')), await VdeStation.plug(sock('far'))];
      await until('the far end is reached', () => {
        a.send([packet(a, b, 100)]);
        return b.take().length > 0;
      });
      a.send([1350, 1351, 1500, 9000, 99].map((length) => packet(a, b, length)));
      const lengths = b.hear(({ length }) => length === 113).map(({ length }) => length);
      expect(lengths.filter((length) => length > 114)).toEqual([1364, 1365, 1514, 9014]);
      expect(await near.ask('link/print')).toMatch(/ up, port 1$/m);
      expect(offered(a)).toBe(1500);
      a.unplug();
      b.unplug();
    },
    30_000,
  );
});

describe('a kernel behind a narrow path', () => {
  const stage = useStage(['namespaces', 'vde_plug2tap', 'ping', 'sysctl']);

  it('is told by the answer how long its packets may be', async () => {
    const { near, far, sock } = await switches(stage);
    await link(near, `vxlan://${ends[4].far(1)}?vni=5&plain=yes&pmtud=on`);
    await link(far, `vxlan://${ends[4].near}?vni=5&plain=yes`);
    const [a, b] = await Promise.all(
      (['near', 'far'] as const).map(async (end, at) => {
        const host = await Host.open(stage, { mac: `02:00:00:00:0a:0${at}`, address: `10.77.0.20${at}/24` });
        await host.plug(sock(end));
        return host;
      }),
    );
    expect(await b?.ping('10.77.0.200')).toBe(0);
    await until('a ping is answered with the MTU', async () => {
      const { text = '' } = (await a?.run(['ping', '-M', 'do', '-c', '1', '-W', '1', '-s', '1422', '10.77.0.201'])) ?? {};
      return /mtu ?= ?1350/.test(text);
    });
    const { text = '' } = (await a?.run(['ip', 'route', 'get', '10.77.0.201', 'dev', card])) ?? {};
    expect(text).toContain('mtu 1350');
    expect((await a?.run(['ping', '-M', 'do', '-c', '1', '-W', '5', '-s', '1322', '10.77.0.201']))?.status).toBe(0);
  }, 60_000);
});
