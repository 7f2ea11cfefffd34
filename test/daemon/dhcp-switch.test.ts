import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { realClock } from '../../src/clock.ts';
import { openDhcpSwitch, type OpenedSwitch } from '../../src/daemon/dhcp-switch.ts';
import type { NetworkOptions } from '../../src/dhcp/network-plan.ts';
import type { ClientLease } from '../../src/dhcp/client-lease.ts';
import { decodeAddress, decodeAddresses, decodeText, decodeUint16 } from '../../src/dhcp/options.ts';
import { StationUplink } from '../../src/companions/station/station-uplink.ts';
import { Station } from '../../src/companions/station/station.ts';
import { logTo } from '../../src/log.ts';
import { MemoryPort } from '../../src/ports/pure/memory.ts';
import { realRandom } from '../../src/random.ts';
import { optionCodes } from '../../src/wire/dhcp.ts';
import { formatIpv4, parseIpv4, parseIpv4Network, type Ipv4Address } from '../../src/wire/ipv4.ts';
import { macFromNumber } from '../../src/wire/mac.ts';
import { eventually } from '../eventually.ts';
import { clientFrame, message } from '../dhcp/segment.ts';
import { newDirectory, using } from '../ports/rig.ts';
import { ConsoleClient } from './managed-stage.ts';

const ip = (text: string): Ipv4Address => parseIpv4(text) ?? fail(text);
const fail = (text: string): never => {
  throw new Error(text);
};
const network = parseIpv4Network('10.77.0.0/24') ?? fail('a network');
const told: NetworkOptions = {
  network,
  router: ip('10.77.0.2'),
  dns: [ip('10.77.0.3'), ip('9.9.9.9')],
  domain: 'example.org',
  mtu: 1400,
  leaseTime: 600,
  range: { start: ip('10.77.0.1'), end: ip('10.77.0.4') },
};

/** A directory for switches, their logs, and stations that ask them. */
class Site {
  readonly directory = newDirectory();
  readonly logged: string[] = [];
  readonly state = join(this.directory, 'state');
  readonly sock = join(this.directory, 's');

  open(options: NetworkOptions, sock = this.sock): Promise<OpenedSwitch> {
    return openDhcpSwitch(
      { ...options, state: this.state },
      { directory: sock, console: { path: `${sock}.console` } },
      {
        clock: realClock,
        random: realRandom,
        signal: new AbortController().signal,
        end: () => undefined,
        log: logTo((message) => void this.logged.push(message)),
      },
    );
  }

  /** Puts a new station on the switch, and returns it when it has a lease. */
  async station(mac: number): Promise<Station> {
    const station = await this.plug(mac);
    await eventually(() => void leaseOf(station));
    return station;
  }

  /** Puts a new station on the switch. */
  async plug(mac: number): Promise<Station> {
    const environment = { clock: realClock, log: logTo(() => undefined), poison: true };
    const link = await StationUplink.open(
      {
        directory: this.sock,
        description: 'test',
        receive: (frame) => station.receive(frame),
        carrier: (up) => station.carrier(up),
      },
      environment,
    );
    const station = new Station({
      clock: realClock,
      random: realRandom,
      mac: macFromNumber(mac),
      onLease: () => undefined,
      send: (frame) => link.send(frame),
    });
    onTestFinished(async () => {
      station[Symbol.dispose]();
      await link[Symbol.asyncDispose]();
    });
    return station;
  }
}

function leaseOf(station: Station): ClientLease {
  return station.lease ?? fail('the station has no lease');
}

describe('a switch with a DHCP server', () => {
  it('tells clients the router, DNS servers, domain, MTU and time of a lease, with an address of the range', async () => {
    const site = new Site();
    using(await site.open(told));
    const { address, leaseTime, options } = leaseOf(await site.station(0x0200_0000_0001));
    // The server, the router and a DNS server have the rest of the range.
    expect(formatIpv4(address)).toBe('10.77.0.4');
    expect(leaseTime).toBe(600);
    expect(decodeAddress(options.get(optionCodes.router))).toBe(ip('10.77.0.2'));
    expect(decodeAddresses(options.get(optionCodes.domainNameServer))).toEqual([ip('10.77.0.3'), ip('9.9.9.9')]);
    expect(decodeText(options.get(optionCodes.domainName))).toBe('example.org');
    expect(decodeUint16(options.get(optionCodes.interfaceMtu))).toBe(1400);
  });

  it('tells clients nothing of a router, of DNS and of a domain that it was not given', async () => {
    const site = new Site();
    using(await site.open({ network }));
    const { options } = leaseOf(await site.station(0x0200_0000_0001));
    const { router, domainNameServer, domainName } = optionCodes;
    expect([router, domainNameServer, domainName].filter((code) => options.has(code))).toEqual([]);
  });

  it('tells clients the least MTU of its ports at that time, where it was given none', async () => {
    const site = new Site();
    const { service } = using(await site.open({ network }));
    const [port] = MemoryPort.pair({ breath: service.plane.breath, defer: realClock.defer });
    const narrow = Object.assign(port, { mtu: 1450 });
    const mtuFor = async (mac: number): Promise<number | undefined> =>
      decodeUint16(leaseOf(await site.station(mac)).options.get(optionCodes.interfaceMtu));
    expect(await mtuFor(0x0200_0000_0001)).toBe(1500);
    service.plane.add(narrow);
    expect(await mtuFor(0x0200_0000_0002)).toBe(1450);
    narrow.mtu = 1350;
    expect(await mtuFor(0x0200_0000_0003)).toBe(1350);
    narrow.mtu = 20;
    expect(await mtuFor(0x0200_0000_0004)).toBe(68);
  });

  it('has the same leases and the same MAC address after it was opened again', async () => {
    const site = new Site();
    const first = await site.open({ network });
    const before = leaseOf(await site.station(0x0200_0000_0001));
    const mac = readFileSync(join(site.state, 'server-mac'), 'utf8');
    await first[Symbol.asyncDispose]();
    using(await site.open({ network }));
    expect(leaseOf(await site.station(0x0200_0000_0001)).address).toBe(before.address);
    expect(readFileSync(join(site.state, 'server-mac'), 'utf8')).toBe(mac);
  });

  it('opened again with another range, makes a client of the old one ask anew', { timeout: 40_000 }, async () => {
    const site = new Site();
    const range = (first: string, last: string): NetworkOptions => ({ network, range: { start: ip(first), end: ip(last) } });
    const first = await site.open(range('10.77.0.100', '10.77.0.100'));
    const station = await site.station(0x0200_0000_0001);
    expect(formatIpv4(leaseOf(station).address)).toBe('10.77.0.100');
    await first[Symbol.asyncDispose]();
    using(await site.open(range('10.77.0.200', '10.77.0.200')));
    // A request that comes before the server is there again is repeated after 4 s, and after 8 s more.
    await eventually(() => expect(formatIpv4(leaseOf(station).address)).toBe('10.77.0.200'), 25_000);
  });

  it('tells an operator at its console what it has and did, and the log that its pool is empty', async () => {
    const site = new Site();
    using(await site.open({ network, range: { start: ip('10.77.0.7'), end: ip('10.77.0.7') } }));
    await site.station(0x0200_0000_0001);
    await site.plug(0x0200_0000_0002);
    const told = expect.stringMatching(/^no address is left for 02:00:00:00:00:02 on port 2; serve more/) as string;
    await eventually(() => expect(site.logged).toContainEqual(told));
    const console = await ConsoleClient.open(`${site.sock}.console`);
    console.socket.write('dhcp/showinfo\n');
    await console.until((text) => text.includes('1000 Success'));
    const { shown } = console;
    expect(shown).toMatch(
      /^0000 DATA END WITH '.'\nnetwork 10\.77\.0\.0\/24\nserver 10\.77\.0\.1\npool 1\nleases bound 1\nleases offered 0\nleases idle 0\nleases quarantined 0\n/,
    );
    expect(shown).toMatch(/\nframes offered 1\nframes pool-exhausted [1-9]\d*\n(?:frames .*\n)*frames selected 1\n\.\n1000 Success\n/);
    console.shown = '';
    console.socket.write('help dhcp\n');
    await console.until((text) => text.includes('1000 Success'));
    expect(console.shown).toContain('dhcp/showinfo');
  });

  it('shows an operator its leases in the order of their addresses, and ends one for good', async () => {
    const site = new Site();
    const range = { start: ip('10.77.0.9'), end: ip('10.77.0.10') };
    const first = await site.open({ network, range });
    const one = await site.station(0x0200_0000_0001);
    const two = await site.station(0x0200_0000_0002);
    const open = await ConsoleClient.open(`${site.sock}.console`);
    const said = async (line: string): Promise<string[]> => (await open.say(line)).split('\n').slice(1, -3);
    const lineOf = (station: Station, port: number): RegExp =>
      new RegExp(`^${formatIpv4(leaseOf(station).address)} bound mac 02:00:00:00:00:0${port} port ${port} left \\d+( |$)`);
    const [low, high] = leaseOf(one).address < leaseOf(two).address ? [lineOf(one, 1), lineOf(two, 2)] : [lineOf(two, 2), lineOf(one, 1)];
    expect(await said('dhcp/print')).toEqual([expect.stringMatching(low), expect.stringMatching(high)]);
    expect(await said('dhcp/print 10.77.0.10')).toEqual([expect.stringMatching(high)]);
    expect(await said('dhcp/find 10.77.0.9')).toEqual([expect.stringMatching(low)]);
    expect(await open.say('dhcp/find 10.77.0.77')).toContain('10.77.0.77 is not leased\n.\n1006 No such device');
    expect(await open.say('dhcp/print 10.77')).toContain('10.77 is not an IPv4 address\n.\n1022 Invalid argument');
    expect(await open.say('dhcp/release 10.77.0.9')).toBe('1000 Success\n');
    expect(await open.say('dhcp/release 10.77.0.9')).toBe('1006 No such device or address\n');
    expect(await said('dhcp/find 10.77.0.9')).toEqual([expect.stringMatching(/^10\.77\.0\.9 idle mac [\d:]+$/)]);
    await first[Symbol.asyncDispose]();
    const journal = readFileSync(join(site.state, 'leases', 'leases.journal'), 'utf8');
    expect(journal).toContain('released');
  });

  it('forgets what was offered to a client whose port closes', async () => {
    const site = new Site();
    using(await site.open({ network }));
    const console = await ConsoleClient.open(`${site.sock}.console`);
    const showsOffers = async (count: number): Promise<void> => {
      console.shown = '';
      console.socket.write('dhcp/showinfo\n');
      await console.until((text) => text.includes('1000 Success'));
      expect(console.shown).toContain(`\nleases offered ${count}\n`);
    };
    const open = (): Promise<StationUplink> =>
      StationUplink.open(
        { directory: site.sock, description: 'test', receive: () => undefined, carrier: () => undefined },
        { clock: realClock, log: logTo(() => undefined), poison: true },
      );
    const link = await open();
    link.send(clientFrame(message('discover')));
    await eventually(() => showsOffers(1));
    await link[Symbol.asyncDispose]();
    await eventually(() => showsOffers(0));
  });

  it('is refused the state of another one that runs, and leaves no sockets behind', async () => {
    const site = new Site();
    using(await site.open({ network }));
    const other = join(site.directory, 'other');
    await expect(site.open({ network }, other)).rejects.toThrow(`cannot use ${site.state}: another etherloom process holds it`);
    expect(existsSync(other)).toBe(false);
  });

  it('is opened with nothing at all when an option cannot be', async () => {
    const site = new Site();
    await expect(site.open({ network, router: ip('10.77.0.1') })).rejects.toThrow('the DHCP server itself');
    expect([existsSync(site.sock), existsSync(site.state)]).toEqual([false, false]);
  });

  it('warns of an MTU that VDE ports do not carry', async () => {
    const site = new Site();
    using(await site.open({ network, mtu: 9221 }));
    expect(site.logged.filter((line) => line.startsWith('an MTU of 9221 '))).toHaveLength(1);
  });
});
