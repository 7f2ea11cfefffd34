import { describe, expect, it } from 'vitest';
import { volatileLeaseStore } from '../../src/dhcp/lease-record.ts';
import { DhcpServer } from '../../src/dhcp/server.ts';
import { configurationOf } from '../../src/host/lease-configuration.ts';
import type { Host, HostOptions } from '../../src/host/host.ts';
import { decodeArp, encodeArp } from '../../src/wire/arp.ts';
import { destinationOf, encodeEthernet, etherTypes, sourceOf } from '../../src/wire/ethernet.ts';
import { formatIpv4, formatIpv4Network, ipv4FromNumber, parseIpv4 } from '../../src/wire/ipv4.ts';
import { broadcastMac, macFromNumber } from '../../src/wire/mac.ts';
import { encodeAddresses } from '../../src/dhcp/options.ts';
import { configuration } from '../dhcp/segment.ts';
import { macOf, Wire } from './host-wire.ts';

/** Returns a wire with a DHCP server of 10.77.0.0/24 on it, and what that tells. */
function segment(): { wire: Wire; events: string[]; unplug: () => void; plug: () => void } & Disposable {
  const wire = new Wire();
  const events: string[] = [];
  const server = new DhcpServer({
    config: configuration(),
    clock: wire.clock,
    bridge: { send: (frame) => wire.send(server, frame), breath: (work) => work() },
    store: volatileLeaseStore,
    records: [],
    event: ({ type }) => events.push(type),
  });
  const plug = (): void => wire.plug(server, (frame) => server.receive(frame, 1));
  plug();
  const dispose = (): void => {
    wire[Symbol.dispose]();
    server[Symbol.dispose]();
  };
  return { wire, events, plug, unplug: () => wire.unplug(server), [Symbol.dispose]: dispose };
}

/** Returns a host that has asked for a lease, and the leases that it told, as text. */
function leased(wire: Wire, options: Partial<HostOptions> = {}): { host: Host; leases: string[] } {
  const leases: string[] = [];
  const told: HostOptions['onLease'] = (lease) => leases.push(lease === undefined ? 'none' : formatIpv4(lease.address));
  const host = wire.host(1, { dhcp: { firstRetry: 1000, hostname: 'one' }, onLease: told, ...options });
  wire.clock.advanceSeconds(1);
  return { host, leases };
}

describe('a host with DHCP', () => {
  it('has the address, network and router of its lease', () => {
    using stage = segment();
    const { wire } = stage;
    const { host, leases } = leased(wire);
    expect(host.dhcp?.state).toBe('BOUND');
    expect(leases).toEqual([formatIpv4(host.address ?? ipv4FromNumber(0))]);
    expect(host.ipv4).toMatchObject({ address: host.dhcp?.lease?.address, network: { prefixLength: 24 } });
  });

  it('gives it back, has no address then, and gets one again when it is told to', () => {
    using stage = segment();
    const { wire, events } = stage;
    const { host, leases } = leased(wire);
    // By then the server's MAC address is not known any more.
    wire.clock.advanceSeconds(100);
    host.arp.learn(ipv4FromNumber(0x0a4d_0002), macOf(2));
    host.release();
    wire.clock.advance(10);
    expect(events.at(-1)).toBe('lease-released');
    expect([host.address, host.dhcp, leases.at(-1)]).toEqual([undefined, undefined, 'none']);
    expect(host.arp.entries).toEqual([]);
    host.startDhcp();
    host.startDhcp();
    wire.clock.advanceSeconds(1);
    expect(host.dhcp?.state).toBe('BOUND');
  });

  it('announces its address when it gets it, and not at each renewal', () => {
    using stage = segment();
    const { wire } = stage;
    const { host } = leased(wire);
    wire.frames.length = 0;
    wire.clock.advanceSeconds(4000);
    const toAll = wire.frames.filter((frame) => sourceOf(frame) === macOf(1) && destinationOf(frame) === broadcastMac);
    const announcements = toAll.filter((frame) => decodeArp(frame.subarray(14))?.targetAddress === host.address);
    expect(announcements).toEqual([]);
  });

  it('leaves port 68 to its client, and has it free after that', () => {
    using stage = segment();
    const { wire } = stage;
    const { host } = leased(wire);
    expect(() => host.udp(68, () => undefined)).toThrow(expect.objectContaining({ code: 'busy' }));
    host.release();
    host.udp(68, () => undefined);
    expect(() => host.startDhcp()).toThrow(expect.objectContaining({ code: 'busy' }));
  });

  it('declines an address that somebody has already, and takes another', () => {
    using stage = segment();
    const { wire, plug, unplug } = stage;
    const { host, leases } = leased(wire);
    host.release();
    const had = parseIpv4(leases[0] ?? '') ?? ipv4FromNumber(0);
    wire.clock.advanceSeconds(1);
    // The server would not give it if it heard of that.
    unplug();
    const other = wire.host(2, { ipv4: { address: had, network: configuration().network } });
    wire.clock.advanceSeconds(1);
    plug();
    host.startDhcp();
    wire.clock.advanceSeconds(1);
    expect([host.dhcp?.state, leases]).toEqual(['INIT', [formatIpv4(had), 'none', formatIpv4(had), 'none']]);
    wire.clock.advanceSeconds(30);
    expect(host.dhcp?.state).toBe('BOUND');
    expect(host.address).not.toBe(had);
    expect(other.address).toBe(had);
  });

  it('gives an address up that another one insists on', () => {
    using stage = segment();
    const { wire, events } = stage;
    const { host } = leased(wire);
    wire.clock.advanceSeconds(60);
    const senderAddress = host.address ?? ipv4FromNumber(0);
    const claim = {
      operation: 'request',
      senderMac: macOf(2),
      senderAddress,
      targetMac: macFromNumber(0),
      targetAddress: senderAddress,
    } as const;
    const frame = encodeEthernet({ destination: broadcastMac, source: macOf(2), etherType: etherTypes.arp, payload: encodeArp(claim) });
    host.receive(frame);
    expect(host.address).toBe(senderAddress);
    host.receive(frame);
    expect(host.address).toBeUndefined();
    wire.clock.advance(10);
    expect(events.at(-1)).toBe('lease-declined');
  });

  it('keeps its address over a lost link, and asks for it when that is back', () => {
    using stage = segment();
    const { wire, events } = stage;
    const { host, leases } = leased(wire);
    const { address } = host;
    host.carrier(false);
    wire.clock.advanceSeconds(10);
    host.carrier(true);
    expect([host.dhcp?.state, host.address]).toEqual(['REBOOTING', address]);
    wire.clock.advanceSeconds(1);
    expect([host.dhcp?.state, host.address, leases.length]).toEqual(['BOUND', address, 2]);
    expect(events.at(-1)).toBe('lease-renewed');
  });

  it('begins anew at once when the link is back, and does not wait for the next time', () => {
    using stage = segment();
    const { wire, plug, unplug } = stage;
    unplug();
    const { host } = leased(wire);
    wire.clock.advanceSeconds(100);
    plug();
    host.carrier(false);
    host.carrier(true);
    wire.clock.advance(100);
    expect(host.dhcp?.state).toBe('BOUND');
  });
});

describe('what a lease says of the link', () => {
  const address = parseIpv4('10.1.2.3') ?? ipv4FromNumber(0);
  const lease = (options: [number, Uint8Array][]): Parameters<typeof configurationOf>[0] => ({
    address,
    server: address,
    leaseTime: 1,
    renewalTime: 1,
    rebindingTime: 1,
    options: new Map(options),
  });
  const mask = (text: string): [number, Uint8Array] => [1, encodeAddresses(parseIpv4(text) ?? address)];

  it.each([
    [[mask('255.255.255.0')], '10.1.2.0/24'],
    [[mask('255.255.255.255')], '10.1.2.3/32'],
    [[mask('0.0.0.0')], '0.0.0.0/0'],
    [[mask('255.0.255.0')], '10.0.0.0/8'],
    [[], '10.1.2.3/32'],
    [[[1, new Uint8Array(3)] as [number, Uint8Array]], '10.1.2.3/32'],
  ])('%#: is the network %s', (options, text) => {
    expect(formatIpv4Network(configurationOf(lease(options)).network)).toBe(text);
  });
});
