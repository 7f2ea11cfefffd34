import { describe, expect, test } from 'vitest';
import type { ClientLease } from '../../src/dhcp/client-lease.ts';
import { DhcpClient, type DhcpClientOptions } from '../../src/dhcp/client.ts';
import { encodeAddresses, encodeUint32 } from '../../src/dhcp/options.ts';
import { decodeDhcp, encodeDhcp, messageTypeOf, messageTypes, type DhcpMessage } from '../../src/wire/dhcp.ts';
import type { Ipv4Address } from '../../src/wire/ipv4.ts';
import { ManualClock } from '../manual-clock.ts';
import { clientMac, everybody, ip, Segment, serverAddress } from './segment.ts';

const names = new Map<number | undefined, string>(Object.entries(messageTypes).map(([name, type]) => [type, name]));

/** A client, and what it does when. */
class Station {
  readonly clock: ManualClock;
  readonly leases: (ClientLease | undefined)[] = [];
  readonly sent: { readonly at: number; readonly type: string | undefined; readonly message: DhcpMessage; readonly to: Ipv4Address }[] = [];
  readonly client: DhcpClient;
  readonly #start: number;

  constructor(options: Partial<DhcpClientOptions> = {}, clock = new ManualClock(), send: DhcpClientOptions['send'] = () => undefined) {
    this.clock = clock;
    this.#start = clock.monotonic();
    let next = 0x8000_0000;
    this.client = new DhcpClient({
      clock,
      random: { uint32: () => next++ },
      mac: clientMac(1),
      send: (message, to) => {
        this.sent.push({ at: Math.round((clock.monotonic() - this.#start) / 1000), type: names.get(messageTypeOf(message)), message, to });
        send(message, to);
      },
      onLease: (lease) => this.leases.push(lease),
      ...options,
    });
  }

  /** Returns the messages since the last call: the time in seconds, and the content. */
  look(): readonly string[] {
    return this.sent.splice(0).map(({ at, type }) => `${at} ${type}`);
  }

  /** A server's answer to what the client sent last. */
  answer(type: keyof typeof messageTypes, { seconds = 600, server = serverAddress, address = ip('10.77.0.55'), t1 = 300 } = {}): void {
    const last = this.last;
    const options = new Map([
      [53, Uint8Array.of(messageTypes[type])],
      [54, encodeAddresses(server)],
      [51, encodeUint32(seconds)],
      [58, encodeUint32(t1)],
    ]);
    const yiaddr = type === 'nak' ? ip('0.0.0.0') : address;
    this.client.receive({ ...last, op: 2, yiaddr, options });
  }

  /** From INIT to BOUND, at once. */
  bind(seconds = 600): void {
    this.answer('offer', { seconds });
    this.answer('ack', { seconds });
    this.sent.length = 0;
  }

  get last(): DhcpMessage {
    const message = this.#last ?? this.sent.at(-1)?.message;
    if (message === undefined) throw new Error('nothing was sent');
    return message;
  }

  #last: DhcpMessage | undefined;

  /** Sets what answers are made from, when it is not what was sent last. */
  remember(message: DhcpMessage | undefined): void {
    this.#last = message;
  }
}

/** Returns a client that has begun, whose server is the test. */
function started(options: Partial<DhcpClientOptions> = {}): Station {
  const station = new Station(options);
  station.clock.advanceSeconds(0);
  return station;
}

describe('a client', () => {
  test('gets a lease of our server, renews it in time, and gives it back', () => {
    const segment = new Segment({ leaseTime: 1000 });
    const station: Station = new Station({ hostname: 'vm' }, segment.clock, (message, to) => {
      const [source, destination] = [station.client.lease?.address ?? ip('0.0.0.0'), to];
      for (const answer of segment.tell(message, { source, destination })) {
        // Everything goes through octets.
        const decoded = decodeDhcp(encodeDhcp(answer.message));
        if (decoded !== undefined) station.client.receive(decoded);
      }
    });
    segment.clock.advanceSeconds(0);
    expect(station.client.state).toBe('BOUND');
    expect(station.look()).toEqual(['0 discover', '0 request']);
    const [lease] = station.leases;
    expect(lease).toMatchObject({ server: serverAddress, leaseTime: 1000, rebindingTime: 875 });
    expect(segment.events.at(-1)).toMatchObject({ type: 'lease-bound', hostname: 'vm', address: lease?.address });
    segment.clock.advanceSeconds(5000);
    const renewals = segment.events.flatMap((event) => (event.type === 'lease-renewed' ? [event.reason] : []));
    expect(new Set(renewals)).toEqual(new Set(['renewed']));
    expect(renewals.length).toBeGreaterThanOrEqual(10);
    expect(segment.told).not.toContain('lease-expired');
    station.client.release();
    expect(station.client.state).toBe('STOPPED');
    expect(segment.told.at(-1)).toBe('lease-released');
    expect(station.leases.at(-1)).toBeUndefined();
    segment.clock.advanceSeconds(2000);
    expect(station.sent.at(-1)?.type).toBe('release');
  });

  test('asks again after 4, 8, 16, 32 and then 64 seconds, a second more or less', () => {
    const { clock, sent } = started({ random: { uint32: () => 0xffff_ffff } });
    clock.advanceSeconds(300);
    expect(sent.map(({ at }) => at)).toEqual([0, 5, 14, 31, 64, 129, 194, 259]);
    expect(new Set(sent.map(({ type }) => type))).toEqual(new Set(['discover']));
    expect(sent.map(({ message }) => message.secs)).toEqual([0, 5, 14, 31, 64, 129, 194, 259]);
    expect(new Set(sent.map(({ message }) => message.xid)).size).toBe(1);
    const early = started({ random: { uint32: () => 0 } });
    early.clock.advanceSeconds(20);
    expect(early.sent.map(({ at }) => at)).toEqual([0, 3, 10]);
  });

  test('begins faster on a wire without loss', () => {
    const { clock, sent } = started({ firstRetry: 1000 });
    clock.advanceSeconds(10);
    expect(sent.map(({ at }) => at)).toEqual([0, 1, 3, 7]);
  });

  test('takes the first offer, and asks that server for it', () => {
    const station = started();
    station.answer('offer');
    expect(station.client.state).toBe('REQUESTING');
    const { options, ciaddr } = station.last;
    expect([options.get(50), options.get(54), ciaddr]).toEqual([encodeAddresses(ip('10.77.0.55')), encodeAddresses(serverAddress), 0]);
    station.answer('offer', { address: ip('10.77.0.56') });
    expect(station.look()).toEqual(['0 discover', '0 request']);
  });

  test('gives an offer up after four requests without an answer', () => {
    const station = started();
    station.answer('offer');
    station.clock.advanceSeconds(65);
    expect(station.look()).toEqual(['0 discover', '0 request', '4 request', '12 request', '28 request', '60 discover', '64 discover']);
  });

  test('does not loop with a server that refuses what it offers', () => {
    const station = started();
    station.answer('offer');
    station.answer('nak');
    station.clock.advanceSeconds(3);
    expect(station.look()).toEqual(['0 discover', '0 request']);
    station.clock.advanceSeconds(1);
    expect(station.look()).toEqual(['4 discover']);
  });

  test('is not refused by a server that it did not choose', () => {
    const station = started();
    station.answer('offer');
    station.answer('nak', { server: ip('10.77.0.2') });
    expect(station.client.state).toBe('REQUESTING');
  });

  test('ignores what is for another station, another exchange or another state', () => {
    const station = started();
    station.answer('ack');
    station.answer('nak');
    station.remember({ ...station.last, xid: 1 });
    station.answer('offer');
    station.remember({ ...station.last, xid: station.sent[0]?.message.xid ?? 0, hlen: 0 });
    station.answer('offer');
    expect(station.client.state).toBe('SELECTING');
  });

  test('without an answer renews ever faster, then asks anybody, then begins anew', () => {
    const station = started();
    station.bind(1200);
    station.clock.advanceSeconds(1200);
    expect(station.sent.map(({ at, type, to }) => `${at} ${type} ${to === everybody ? 'all' : 'server'}`)).toEqual([
      ...[300, 675, 863, 956, 1016].map((at) => `${at} request server`),
      ...[1050, 1125, 1185].map((at) => `${at} request all`),
      '1200 discover all',
    ]);
    expect(station.sent[0]?.message).toMatchObject({ ciaddr: ip('10.77.0.55') });
    expect(station.sent[0]?.message.options.has(50)).toBe(false);
    expect(station.sent[0]?.message.options.has(54)).toBe(false);
    expect(station.leases).toEqual([expect.objectContaining({ leaseTime: 1200 }), undefined]);
  });

  test('refused while it renews, gives its address up at once and asks for a new one', () => {
    const station = started();
    station.bind();
    station.clock.advanceSeconds(300);
    expect(station.client.state).toBe('RENEWING');
    station.answer('nak');
    station.clock.advanceSeconds(0);
    expect(station.look()).toEqual(['300 request', '300 discover']);
    expect(station.leases.at(-1)).toBeUndefined();
  });

  test('with an address from before asks whether it still holds, and for any when nobody says so', () => {
    const station = started({ lastAddress: ip('10.77.0.55') });
    expect(station.client.state).toBe('REBOOTING');
    expect([station.last.options.get(50), station.last.options.has(54)]).toEqual([encodeAddresses(ip('10.77.0.55')), false]);
    station.clock.advanceSeconds(61);
    expect(station.look()).toEqual(['0 request', '4 request', '12 request', '28 request', '60 discover']);
    const again = started({ lastAddress: ip('10.77.0.55') });
    again.answer('ack');
    expect([again.client.state, again.client.lease?.address]).toEqual(['BOUND', ip('10.77.0.55')]);
  });

  test('declines an address that somebody uses, and waits ten seconds', () => {
    const station = started();
    station.bind();
    station.client.decline();
    expect(station.last.options.get(50)).toEqual(encodeAddresses(ip('10.77.0.55')));
    station.clock.advanceSeconds(9);
    expect(station.look()).toEqual(['0 decline']);
    station.clock.advanceSeconds(1);
    expect(station.look()).toEqual(['10 discover']);
  });

  test('with a lease without end never asks again', () => {
    const station = started();
    station.bind(0xffff_ffff);
    station.clock.advanceSeconds(10_000_000);
    expect([station.look(), station.clock.timers, station.client.lease?.leaseTime]).toEqual([[], 0, Infinity]);
  });

  test('with a lease longer than timers run renews it in time', () => {
    const station = started();
    const seconds = 60 * 86_400;
    station.answer('offer', { seconds });
    station.answer('ack', { seconds, t1: seconds / 2 });
    station.clock.advanceSeconds(seconds / 2 - 1);
    expect(station.look()).toEqual(['0 discover', '0 request']);
    station.clock.advanceSeconds(1);
    expect(station.look()).toEqual([`${seconds / 2} request`]);
  });

  test('whose link was away asks in INIT-REBOOT for its address, and has it meanwhile', () => {
    const station = started();
    station.bind();
    station.clock.advanceSeconds(100);
    station.client.reboot();
    expect([station.client.state, station.client.lease?.address]).toEqual(['REBOOTING', ip('10.77.0.55')]);
    expect([...(station.last.options.get(50) ?? [])]).toEqual([10, 77, 0, 55]);
    expect([station.last.ciaddr, station.last.options.has(54), station.sent.at(-1)?.to]).toEqual([0, false, everybody]);
    station.answer('ack');
    expect([station.client.state, station.leases.length]).toEqual(['BOUND', 2]);
    station.clock.advanceSeconds(299);
    expect(station.look()).toEqual(['100 request']);
    station.clock.advanceSeconds(1);
    expect(station.look()).toEqual(['400 request']);
  });

  test('whose link was away goes on with its lease when nobody answers, until that ends', () => {
    const station = started();
    station.bind();
    station.client.reboot();
    station.clock.advanceSeconds(599);
    expect([station.client.state, station.client.lease?.address]).toEqual(['REBINDING', ip('10.77.0.55')]);
    station.clock.advanceSeconds(1);
    expect([station.client.state, station.client.lease, station.leases.at(-1)]).toEqual(['SELECTING', undefined, undefined]);
  });

  test('whose link was away when its lease was about to end has it no longer than that', () => {
    const station = started();
    station.bind(20);
    station.clock.advanceSeconds(9);
    station.client.reboot();
    station.clock.advanceSeconds(10);
    expect(station.client.lease).toBeDefined();
    station.clock.advanceSeconds(1);
    expect([station.client.state, station.leases.at(-1)]).toEqual(['SELECTING', undefined]);
  });

  test('whose link was away, to another network, has no lease when that refuses it', () => {
    const station = started();
    station.bind();
    station.client.reboot();
    station.answer('nak');
    expect([station.client.lease, station.leases.at(-1)]).toEqual([undefined, undefined]);
    station.clock.advanceSeconds(0);
    expect(station.client.state).toBe('SELECTING');
  });

  test('whose link was away begins anew at once when it has no lease, and not at all when it has stopped', () => {
    const station = started();
    station.clock.advanceSeconds(100);
    station.client.reboot();
    expect(station.sent.at(-1)).toMatchObject({ at: 100, type: 'discover' });
    station.answer('offer');
    station.client.reboot();
    expect([station.client.state, station.client.lease]).toEqual(['SELECTING', undefined]);
    station.client[Symbol.dispose]();
    station.client.reboot();
    expect([station.client.state, station.clock.timers]).toEqual(['STOPPED', 0]);
  });

  test('disposed, says nothing more', () => {
    const station = started();
    station.client[Symbol.dispose]();
    expect([station.clock.timers, station.client.state]).toEqual([0, 'STOPPED']);
  });
});
