import { describe, expect, test } from 'vitest';
import { volatileLeaseStore, type LeaseRecord, type LeaseStore } from '../../src/dhcp/lease-record.ts';
import { encodeDhcp, messageTypes, optionCodes } from '../../src/wire/dhcp.ts';
import { addTag, tciOf, vid } from '../../src/wire/dot1q.ts';
import { decodeEthernet } from '../../src/wire/ethernet.ts';
import { ipv4FromNumber } from '../../src/wire/ipv4.ts';
import { broadcastMac } from '../../src/wire/mac.ts';
import {
  answersIn,
  arpsIn,
  clientFrame,
  clientMac,
  everybody,
  ip,
  message,
  requested,
  Segment,
  type Sending,
  serverAddress,
  serverMac,
  toServer,
} from './segment.ts';

/** A store that answers when it is told to, as it is told to. */
class SlowStore implements LeaseStore {
  readonly kept: LeaseRecord[] = [];
  readonly waiting: ((error?: Error) => void)[] = [];
  broken = false;

  append(record: LeaseRecord, done: (error?: Error) => void): void {
    this.waiting.push((error) => {
      if (error === undefined) this.kept.push(record);
      done(error);
    });
  }

  recover(done: (error?: Error) => void): void {
    done(this.broken ? new Error('EIO') : undefined);
  }

  /** Answers all that waits, also what comes meanwhile. */
  settle(error?: Error): void {
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) next(error);
  }
}

const selecting = (n: number, address: number): ReturnType<typeof message> =>
  message('request', { mac: clientMac(n), with: { ...requested(address as typeof serverAddress), ...toServer() } });

describe('a client', () => {
  test('is offered an address and gets it, in frames that a client takes', () => {
    const segment = new Segment();
    const offer = segment.ask(message('discover'));
    expect(offer).toMatchObject({ type: messageTypes.offer, mac: clientMac(1), ports: [67, 68] });
    expect(offer.packet).toMatchObject({ source: serverAddress, destination: offer.message.yiaddr, ttl: 64, dontFragment: false });
    expect(offer.payload.length).toBeGreaterThanOrEqual(300);
    const ack = segment.ask(selecting(1, offer.message.yiaddr));
    expect(ack.type).toBe(messageTypes.ack);
    expect(segment.told).toEqual(['lease-offered', 'lease-bound']);
    expect(segment.astray).toBe(0);
  });

  test('that asks for broadcast gets it on both layers', () => {
    const offer = new Segment().ask(message('discover', { broadcast: true }));
    expect([offer.mac, offer.packet.destination]).toEqual([broadcastMac, everybody]);
  });

  test('renews by unicast, and its lease lasts from then on', () => {
    const segment = new Segment({ leaseTime: 600 });
    const address = segment.lease(1);
    segment.clock.advanceSeconds(500);
    const ack = segment.ask(message('request', { ciaddr: address }), { destination: serverAddress });
    expect([ack.type, ack.packet.destination]).toEqual([messageTypes.ack, address]);
    segment.clock.advanceSeconds(500);
    expect([...segment.server.leases()]).toMatchObject([{ address, state: 'bound' }]);
    segment.clock.advanceSeconds(101);
    expect(segment.told).toEqual(['lease-offered', 'lease-bound', 'lease-renewed', 'lease-expired']);
    expect([...segment.server.leases()]).toMatchObject([{ address, state: 'idle' }]);
  });

  test('is named in events by the name it gives, when that is a name', () => {
    const segment = new Segment();
    const text = new TextEncoder();
    segment.lease(1, { with: { 12: text.encode('VM-One\0') } });
    for (const bad of ['../etc', '$(x)', 'a\nb', '-rf', 'x'.repeat(255), '\u{1f4a5}']) segment.lease(2, { with: { 12: text.encode(bad) } });
    expect(new Set(segment.events.map((event) => ('hostname' in event ? event.hostname : '')))).toEqual(new Set(['vm-one', undefined]));
  });

  test('that does not take its offer leaves nothing behind after 60 seconds', () => {
    const segment = new Segment();
    for (let n = 1; n <= 10; n++) segment.ask(message('discover', { mac: clientMac(n) }), { port: n });
    expect(segment.tell(message('discover', { mac: clientMac(11) }), { port: 11 })).toEqual([]);
    segment.clock.advanceSeconds(60);
    expect([...segment.server.leases()]).toEqual([]);
    expect(segment.ask(message('discover', { mac: clientMac(11) })).type).toBe(messageTypes.offer);
  });

  test('gets the address of a lease that ended, the longest ended first', () => {
    const segment = new Segment({ leaseTime: 600 });
    const addresses = Array.from({ length: 10 }, (_, n) => {
      segment.clock.advanceSeconds(1);
      return segment.lease(n + 1);
    });
    segment.clock.advanceSeconds(599);
    expect(segment.lease(20)).toBe(addresses[0]);
    expect(segment.lease(21)).toBe(addresses[1]);
  });

  test('that another server serves frees its offer at once', () => {
    const segment = new Segment();
    const { yiaddr } = segment.ask(message('discover')).message;
    expect(segment.tell(message('request', { with: { ...requested(yiaddr), ...toServer(ip('10.77.0.2')) } }))).toEqual([]);
    expect([...segment.server.leases()]).toEqual([]);
  });

  test('that declines gets another address, and the declined one rests for ten minutes', () => {
    const segment = new Segment();
    const address = segment.lease(1);
    segment.tell(message('decline', { with: { ...requested(address), ...toServer() } }));
    expect(segment.told.at(-1)).toBe('lease-declined');
    expect(segment.lease(1)).not.toBe(address);
    segment.clock.advanceSeconds(599);
    expect(segment.ask(message('discover', { mac: clientMac(2), with: requested(address) })).message.yiaddr).not.toBe(address);
    segment.clock.advanceSeconds(61);
    expect(segment.ask(message('discover', { mac: clientMac(2), with: requested(address) })).message.yiaddr).toBe(address);
  });

  test('that declines without end is offered each address once, and takes five of them out of use, not all', () => {
    const segment = new Segment();
    const declined = Array.from({ length: 10 }, () => {
      const address = segment.lease(1);
      segment.tell(message('decline', { with: { ...requested(address), ...toServer() } }));
      return address;
    });
    expect(new Set(declined).size).toBe(10);
    expect([...segment.server.leases()].filter(({ state }) => state === 'quarantined')).toHaveLength(5);
    expect(segment.events.filter((event) => event.type === 'lease-declined' && !event.quarantined)).toHaveLength(5);
    expect(segment.tell(message('discover', { with: requested(declined[9] ?? serverAddress) }))).toEqual([]);
    expect(declined.slice(5)).toContain(segment.lease(2));
    segment.clock.advanceSeconds(600);
    expect(segment.lease(1)).toBeDefined();
  });

  test('that declines does not use up what others behind the same link may decline, but all together leave three quarters of the pool', () => {
    const segment = new Segment({ ranges: [{ start: ip('10.77.0.2'), end: ip('10.77.0.101') }] });
    for (let n = 1; n <= 10; n++) {
      for (let time = 0; time < 5; time++) {
        const address = segment.lease(n, {}, { port: 1 });
        segment.tell(message('decline', { mac: clientMac(n), with: { ...requested(address), ...toServer() } }));
      }
    }
    const isQuarantined = segment.events.flatMap((event) => (event.type === 'lease-declined' ? [event.quarantined] : []));
    expect(isQuarantined).toEqual([...Array<boolean>(25).fill(true), ...Array<boolean>(25).fill(false)]);
  });

  test('that is refused is told so by broadcast, and so is the watcher', () => {
    const segment = new Segment();
    const nak = segment.ask(message('request', { with: requested(ip('192.168.250.5')) }));
    expect([nak.type, nak.mac, nak.packet.destination]).toEqual([messageTypes.nak, broadcastMac, everybody]);
    expect(segment.events).toEqual([{ type: 'nak', mac: clientMac(1), ingress: 1, hostname: undefined, reason: 'nak-wrong-net' }]);
  });

  test('with the identifier of another is told apart, and the watcher is told', () => {
    const segment = new Segment();
    const same = { with: { 61: Uint8Array.of(255, 1, 2, 3) } };
    expect(segment.lease(1, same)).not.toBe(segment.lease(2, same));
    expect(segment.events.filter(({ type }) => type === 'duplicate-client')).toMatchObject([
      { mac: clientMac(2), twin: clientMac(1), ingress: 2 },
    ]);
  });

  test('with the identifier of another behind the same link is told apart, too', () => {
    const segment = new Segment();
    const same = { with: { 61: Uint8Array.of(255, 1, 2, 3) } };
    const addresses = [segment.lease(1, same, { port: 4 }), segment.lease(2, same, { port: 4 })];
    expect(addresses[0]).not.toBe(addresses[1]);
    expect(segment.events.filter(({ type }) => type === 'duplicate-client')).toMatchObject([
      { mac: clientMac(2), twin: clientMac(1), ingress: 4 },
    ]);
    expect([segment.lease(1, same, { port: 4 }), segment.lease(2, same, { port: 4 })]).toEqual(addresses);
  });

  test('that boots in stages has one lease in all of them, where leases are by MAC address', () => {
    const stages = [{}, { with: { 61: Uint8Array.of(1, 2, 0, 0, 0, 0, 1) } }, { with: { 61: Uint8Array.of(255, 1, 2, 3) } }];
    const addresses = (segment: Segment): Set<number> => new Set(stages.map((stage) => segment.lease(1, stage)));
    expect(addresses(new Segment({ leasePerMac: true })).size).toBe(1);
    expect(addresses(new Segment()).size).toBe(3);
    const record: LeaseRecord = {
      address: ip('10.77.0.57'),
      state: 'bound',
      key: 'ff010203',
      mac: clientMac(1),
      since: Date.UTC(2026, 0, 1) / 1000,
      duration: 3600,
    };
    expect(addresses(new Segment({ leasePerMac: true }, volatileLeaseStore, [record]))).toEqual(new Set([record.address]));
  });

  test.each([[[]], [[7]]])('with an identifier of the octets %j has none, and none is sent back', (octets) => {
    const segment = new Segment();
    const short = { with: { 61: Uint8Array.from(octets) } };
    const address = segment.lease(1, short);
    expect(segment.lease(1)).toBe(address);
    const replies = [
      segment.ask(message('discover', short)),
      segment.ask(message('request', { ciaddr: address, ...short })),
      segment.ask(message('request', { ciaddr: ip('10.77.0.99'), ...short })),
      segment.ask(message('inform', { ciaddr: ip('10.77.0.200'), ...short })),
    ];
    expect(replies.map(({ message: { options } }) => options.has(optionCodes.clientIdentifier))).toEqual([false, false, false, false]);
  });

  test('that is refused its own address, since it is reserved now, holds it no more: it is free for its reservation', () => {
    const address = ip('10.77.0.55');
    let joined = false;
    const store = new SlowStore();
    const segment = new Segment(
      {
        reserved: (mac) => (joined && mac === clientMac(2) ? address : undefined),
        isReserved: (one) => joined && one === address,
      },
      store,
    );
    segment.tell(message('request', { with: requested(address) }));
    store.settle();
    joined = true;
    expect(segment.ask(message('discover', { mac: clientMac(2) }), { port: 2 }).message.yiaddr).not.toBe(address);
    expect(segment.ask(message('request', { ciaddr: address }), { destination: serverAddress }).type).toBe(messageTypes.nak);
    store.settle();
    expect(segment.told).toEqual(expect.arrayContaining(['lease-released', 'nak']));
    expect(store.kept.at(-1)).toMatchObject({ address, state: 'forgotten' });
    expect(segment.ask(message('discover', { mac: clientMac(2) }), { port: 2 }).message.yiaddr).toBe(address);
  });

  test('is answered by options in its order; a server that is no router does not say it is one', () => {
    const { options } = new Segment().ask(message('discover', { with: { 55: Uint8Array.of(28, 3, 6, 1, 1, 255, 0, 53) } })).message;
    expect([...options.keys()]).toEqual([53, 54, 51, 58, 59, 28, 1]);
    expect(options.get(optionCodes.subnetMask)).toEqual(Uint8Array.of(255, 255, 255, 0));
  });
});

describe('BOOTP', () => {
  const asking = (change: Parameters<typeof message>[1] = {}): ReturnType<typeof message> => {
    const asked = message('discover', change);
    return { ...asked, options: new Map([...asked.options].filter(([code]) => code !== 53)) };
  };

  test('is dropped, and told, where it is not served', () => {
    const segment = new Segment();
    expect(segment.tell(asking())).toEqual([]);
    expect(segment.events).toMatchObject([{ type: 'dropped', reason: 'no-type' }]);
  });

  test('gets an address for ever, kept before it is told, in a message that a BOOTP client can read', () => {
    const store = new SlowStore();
    const segment = new Segment(
      {
        bootp: true,
        router: ip('10.77.0.2'),
        dns: [9, 10, 11, 12, 13, 14].map((n) => ip(`10.77.0.${n}`)),
        domain: 'a-long-name.example.org',
      },
      store,
    );
    expect(segment.tell(asking())).toEqual([]);
    store.settle();
    expect(store.kept).toMatchObject([{ state: 'bound', mac: clientMac(1), duration: 0xffff_ffff }]);
    const [reply] = answersIn(segment.sent);
    const { yiaddr, options } = reply?.message ?? message('discover');
    expect([reply?.type, reply?.mac, reply?.packet.destination]).toEqual([undefined, clientMac(1), yiaddr]);
    // 64 octets of vendor area, with the cookie and the end; none of the options is of DHCP.
    expect([reply?.payload.length, [...options.keys()]]).toEqual([300, [1, 3, 6, 28]]);
    segment.clock.advanceSeconds(10 * 365 * 86_400);
    expect([...segment.server.leases()]).toMatchObject([{ address: yiaddr, state: 'bound' }]);
    segment.tell(asking());
    store.settle();
    expect(answersIn(segment.sent).at(-1)?.message.yiaddr).toBe(yiaddr);
  });

  test('is bounded by what one port may have', () => {
    const segment = new Segment({ bootp: true });
    for (let n = 1; n <= 20; n++) segment.tell(asking({ mac: clientMac(n) }));
    expect([...segment.server.leases()]).toHaveLength(8);
  });
});

describe('a port', () => {
  const hundred = { ranges: [{ start: ip('10.77.0.2'), end: ip('10.77.0.101') }] };
  const count = (segment: Segment, state: string): number => [...segment.server.leases()].filter((lease) => lease.state === state).length;

  test('that asks for 300 offers has a quarter of the pool waiting; all others are served, and so are its own', () => {
    const segment = new Segment(hundred);
    for (let n = 100; n < 400; n++) segment.ask(message('discover', { mac: clientMac(n) }), { port: 1 });
    expect(count(segment, 'offered')).toBe(25);
    expect(segment.lease(1, {}, { port: 2 })).toBeDefined();
    expect(segment.lease(2, {}, { port: 1 })).toBeDefined();
  });

  test('has three quarters of the pool at most; what it asks for beyond is not answered, and the watcher is told', () => {
    const segment = new Segment(hundred);
    for (let n = 100; n < 175; n++) segment.lease(n, {}, { port: 1 });
    expect(segment.tell(message('discover', { mac: clientMac(175) }), { port: 1 })).toEqual([]);
    const taken = new Set<number>(Array.from(segment.server.leases(), ({ address }) => address));
    const free = Array.from({ length: 100 }, (_, n) => ip(`10.77.0.${n + 2}`)).find((address) => !taken.has(address)) ?? serverAddress;
    expect(segment.tell(message('request', { mac: clientMac(176), with: requested(free) }), { port: 1 })).toEqual([]);
    expect(segment.events.at(-1)).toMatchObject({ type: 'dropped', ingress: 1, reason: 'port-full' });
    expect(segment.lease(100, {}, { port: 1 })).toBeDefined();
    for (let n = 1; n <= 25; n++) segment.lease(n, {}, { port: 2 });
    expect(count(segment, 'bound')).toBe(100);
  });

  test('may be given another bound', () => {
    const segment = new Segment({ ...hundred, maxPortLeases: 2 });
    for (let n = 1; n <= 2; n++) segment.lease(n, {}, { port: 1 });
    expect(segment.tell(message('discover', { mac: clientMac(3) }), { port: 1 })).toEqual([]);
  });

  test('takes no more by offers, leases, DECLINE and ARP together: all others get the rest', () => {
    const segment = new Segment(hundred);
    const pool = Array.from({ length: 100 }, (_, n) => ip(`10.77.0.${n + 2}`));
    for (let n = 100; n < 125; n++) segment.ask(message('discover', { mac: clientMac(n) }), { port: 1 });
    for (const round of [200, 400, 600]) {
      for (const [n, address] of pool.entries()) {
        const mac = clientMac(round + n);
        segment.tell(message('request', { mac, with: requested(address) }), { port: 1 });
        if (n % 3 === 0) segment.tell(message('decline', { mac, with: { ...requested(address), ...toServer() } }), { port: 1 });
        segment.observe({ senderMac: clientMac(round + 100 + n), senderAddress: address }, 1);
      }
    }
    expect(count(segment, 'bound') + count(segment, 'offered') + count(segment, 'quarantined')).toBe(75);
    for (let n = 1; n <= 25; n++) segment.lease(n, {}, { port: 2 });
  });

  test('that has offers and leases has no more together than leases alone', () => {
    const segment = new Segment(hundred);
    for (let n = 100; n < 170; n++) segment.lease(n, {}, { port: 1 });
    for (let n = 200; n < 300; n++) segment.ask(message('discover', { mac: clientMac(n) }), { port: 1 });
    expect([count(segment, 'bound'), count(segment, 'offered')]).toEqual([70, 5]);
  });

  test('has no more offers waiting for clients that were there before', () => {
    const segment = new Segment(hundred);
    for (let n = 100; n < 160; n++) {
      const ciaddr = segment.lease(n, {}, { port: 1 });
      segment.tell(message('release', { mac: clientMac(n), ciaddr, with: toServer() }), { port: 1, destination: serverAddress });
    }
    for (let n = 100; n < 160; n++) segment.ask(message('discover', { mac: clientMac(n) }), { port: 1 });
    expect(count(segment, 'offered')).toBe(25);
  });

  test('that closes leaves no offers, and its leases are given to others after a minute, when nothing else is free', () => {
    const segment = new Segment();
    for (let n = 1; n <= 8; n++) segment.lease(n, {}, { port: 1 });
    for (let n = 11; n <= 12; n++) segment.ask(message('discover', { mac: clientMac(n) }), { port: 2 });
    segment.server.portClosed(2);
    expect(count(segment, 'offered')).toBe(0);
    segment.server.portClosed(1);
    for (let n = 21; n <= 22; n++) segment.lease(n, {}, { port: 3 });
    expect(segment.tell(message('discover', { mac: clientMac(23) }), { port: 3 })).toEqual([]);
    segment.clock.advanceSeconds(60);
    const address = segment.lease(23, {}, { port: 3 });
    expect(segment.events.filter(({ type }) => type === 'lease-reclaimed')).toMatchObject([{ mac: clientMac(1), address }]);
    expect(segment.ask(message('request', { ciaddr: address }), { port: 4 }).type).toBe(messageTypes.nak);
  });

  test('that closes takes nothing from a client that is heard on another one', () => {
    const segment = new Segment({ maxPortLeases: 10 });
    const addresses = Array.from({ length: 10 }, (_, n) => segment.lease(n + 1, {}, { port: 1 }));
    segment.server.portClosed(1);
    for (const [n, address] of addresses.entries()) {
      const heardBy = n === 0 ? 'DHCP' : 'ARP';
      if (heardBy === 'DHCP') segment.ask(message('request', { ciaddr: address }), { port: 2 });
      else segment.observe({ senderMac: clientMac(n + 1), senderAddress: address }, 2);
    }
    segment.clock.advanceSeconds(61);
    expect(segment.tell(message('discover', { mac: clientMac(20) }), { port: 3 })).toEqual([]);
  });
});

describe('the port of a lease', () => {
  const release = (segment: Segment, address: number, sending: Sending): readonly unknown[] =>
    segment.tell(message('release', { ciaddr: address as typeof serverAddress, with: toServer() }), {
      destination: serverAddress,
      ...sending,
    });
  const decline = (segment: Segment, address: number, sending: Sending): readonly unknown[] =>
    segment.tell(message('decline', { with: { ...requested(address as typeof serverAddress), ...toServer() } }), sending);
  const boundIn = (segment: Segment): number => [...segment.server.leases()].filter(({ state }) => state === 'bound').length;

  test.each([
    ['with a frame of its own address', { port: 6, from: clientMac(6) }, new Map([[clientMac(1), 1]])],
    ["with the client's address, which the switch does not take over", { port: 6 }, new Map([[clientMac(1), 1]])],
    ["with the client's address, which the switch takes over", { port: 6 }, new Map([[clientMac(1), 1]]), 6],
    ["with the client's address, at a bridge that cannot tell", { port: 6 }, undefined],
  ])(
    'is not that of a stranger who asks in its name: RELEASE and DECLINE %s are refused and told',
    (_how, stranger, homes, takenOver?: number) => {
      const segment = new Segment({}, volatileLeaseStore, [], undefined, homes);
      const address = segment.lease(1, {}, { port: 1 });
      segment.tell(message('request', { ciaddr: address }), { port: 1 });
      const rebooting = message('request', { with: requested(address) });
      if (takenOver !== undefined) homes?.set(clientMac(1), takenOver);
      segment.tell(rebooting, stranger);
      release(segment, address, stranger);
      decline(segment, address, stranger);
      expect(boundIn(segment)).toBe(1);
      expect(segment.events.filter(({ type }) => type === 'dropped')).toMatchObject([
        { ingress: 6, reason: 'wrong-port' },
        { ingress: 6, reason: 'wrong-port' },
      ]);
    },
  );

  test('is the one where the client is heard for 5 s, unless it is heard on its own meanwhile', () => {
    const segment = new Segment();
    const address = segment.lease(1, {}, { port: 1 });
    const hear = (port: number, seconds: number): void => {
      segment.observe({ senderMac: clientMac(1), senderAddress: address }, port);
      segment.clock.advanceSeconds(seconds);
    };
    hear(6, 3);
    hear(1, 3);
    hear(6, 3);
    release(segment, address, { port: 6 });
    expect(boundIn(segment)).toBe(1);
    hear(6, 2);
    release(segment, address, { port: 6 });
    expect(boundIn(segment)).toBe(0);
  });

  test('is the next one where the client is heard, when its own closed', () => {
    const segment = new Segment();
    const address = segment.lease(1, {}, { port: 1 });
    segment.server.portClosed(1);
    segment.tell(message('request', { with: requested(address) }), { port: 6 });
    release(segment, address, { port: 1 });
    expect(boundIn(segment)).toBe(1);
    release(segment, address, { port: 6 });
    expect(boundIn(segment)).toBe(0);
  });
});

describe('durability', () => {
  test('an ACK leaves when the lease is kept, not before', () => {
    const store = new SlowStore();
    const segment = new Segment({}, store);
    const { yiaddr } = segment.ask(message('discover')).message;
    expect(segment.tell(selecting(1, yiaddr))).toEqual([]);
    expect(store.kept).toEqual([]);
    store.settle();
    expect(store.kept).toMatchObject([{ address: yiaddr, state: 'bound', mac: clientMac(1), duration: 3600 }]);
    expect(answersIn(segment.sent).map(({ type }) => type)).toEqual([messageTypes.offer, messageTypes.ack]);
    expect(segment.astray).toBe(0);
  });

  test('a lease that goes on as it is stays the same record, so that a store need not write it again', () => {
    const store = new SlowStore();
    const segment = new Segment({}, store);
    const { yiaddr } = segment.ask(message('discover')).message;
    for (const seconds of [0, 0.7, 600, 400]) {
      segment.clock.advanceSeconds(seconds);
      segment.tell(selecting(1, yiaddr));
      store.settle();
    }
    const [first, ...later] = store.kept;
    expect(later.slice(0, 2)).toEqual([first, first]);
    expect(later[2]).toEqual({ ...first, since: (first?.since ?? 0) + 1001 });
  });

  test('offers are not kept', () => {
    const store = new SlowStore();
    new Segment({}, store).ask(message('discover'));
    expect(store.waiting).toEqual([]);
  });

  test('a lease that cannot be kept is not given, and no new ones are; the watcher is told once', () => {
    const store = new SlowStore();
    const segment = new Segment({}, store);
    const first = segment.ask(message('discover')).message.yiaddr;
    const second = segment.ask(message('discover', { mac: clientMac(2) })).message.yiaddr;
    segment.tell(selecting(1, first));
    store.broken = true;
    store.settle(new Error('ENOSPC'));
    expect(segment.tell(selecting(2, second))).toEqual([]);
    expect(segment.tell(message('discover', { mac: clientMac(3) }))).toEqual([]);
    expect(answersIn(segment.sent).map(({ type }) => type)).toEqual([messageTypes.offer, messageTypes.offer]);
    segment.clock.advanceSeconds(60);
    expect(segment.events.filter(({ type }) => type === 'store-failed')).toEqual([{ type: 'store-failed', error: 'ENOSPC' }]);
    expect(segment.server.counters.get('store-failed')).toBe(3);
    expect([...segment.server.leases()]).toEqual([]);
  });

  test('meanwhile leases that exist are renewed and released, and all is kept when the store is back', () => {
    const store = new SlowStore();
    const segment = new Segment({}, store);
    const lease = (n: number): typeof serverAddress => {
      const { yiaddr } = segment.ask(message('discover', { mac: clientMac(n) }), { port: n }).message;
      segment.tell(selecting(n, yiaddr), { port: n });
      store.settle();
      return yiaddr;
    };
    const [a, b, c] = [lease(1), lease(2), lease(3)];
    store.broken = true;
    segment.clock.advanceSeconds(100);
    expect(segment.tell(message('request', { ciaddr: a }), { destination: serverAddress })).toEqual([]);
    store.settle(new Error('EIO'));
    expect(answersIn(segment.sent).at(-1)).toMatchObject({ type: messageTypes.ack, message: { yiaddr: a } });
    segment.tell(message('release', { mac: clientMac(2), ciaddr: b, with: toServer() }), { port: 2, destination: serverAddress });
    expect(segment.ask(message('request', { mac: clientMac(3), ciaddr: c }), { port: 3 }).type).toBe(messageTypes.ack);
    segment.clock.advanceSeconds(30);
    expect(segment.told.filter((type) => type.startsWith('store'))).toEqual(['store-failed']);
    store.broken = false;
    store.kept.length = 0;
    segment.clock.advanceSeconds(5);
    store.settle();
    expect(segment.told.filter((type) => type.startsWith('store'))).toEqual(['store-failed', 'store-recovered']);
    expect(new Map(store.kept.map(({ address, state }) => [address, state]))).toEqual(
      new Map([
        [a, 'bound'],
        [b, 'released'],
        [c, 'bound'],
      ]),
    );
    expect(segment.ask(message('discover', { mac: clientMac(4) })).type).toBe(messageTypes.offer);
  });

  test('a client that left while its lease was being kept is not acknowledged', () => {
    const store = new SlowStore();
    const segment = new Segment({}, store);
    const { yiaddr } = segment.ask(message('discover')).message;
    segment.tell(selecting(1, yiaddr));
    segment.tell(message('release', { ciaddr: yiaddr, with: toServer() }), { destination: serverAddress });
    store.settle();
    expect(answersIn(segment.sent).map(({ type }) => type)).toEqual([messageTypes.offer]);
    expect(store.kept.map(({ state }) => state)).toEqual(['bound', 'released']);
  });

  test('a disk that is too slow bounds what waits for it', () => {
    const segment = new Segment({ ranges: [{ start: ip('10.77.0.2'), end: ip('10.77.0.254') }] }, new SlowStore());
    for (let n = 0; n < 4100; n++) segment.tell(message('request', { with: requested(ip('10.77.0.99')) }));
    expect(segment.server.counters.get('store-busy')).toBe(4);
  });

  test('after a restart everybody has what they had, for as long as was left', () => {
    const store = new SlowStore();
    const before = new Segment({ leaseTime: 600 }, store);
    const { yiaddr } = before.ask(message('discover')).message;
    before.tell(selecting(1, yiaddr));
    store.settle();
    before.clock.advanceSeconds(200);
    before.server[Symbol.dispose]();
    const after = new Segment({ leaseTime: 600 }, store, store.kept, before.clock);
    expect([...after.server.leases()]).toMatchObject([{ address: yiaddr, state: 'bound', mac: clientMac(1), durable: true }]);
    after.clock.advanceSeconds(399);
    expect(after.told).toEqual([]);
    after.clock.advanceSeconds(2);
    expect(after.told).toEqual(['lease-expired']);
  });

  test.each([
    ['an hour back', -3600, 600],
    ['ten years forward', 10 * 365 * 86_400, 0],
  ])('a wall clock set %s ends no lease that lasts, and makes none last longer', (_what, turn, leftAfterRestart) => {
    const store = new SlowStore();
    const before = new Segment({ leaseTime: 600 }, store);
    const { yiaddr } = before.ask(message('discover')).message;
    before.tell(selecting(1, yiaddr));
    store.settle();
    before.clock.turnWall(turn);
    before.clock.advanceSeconds(599);
    expect(before.told).not.toContain('lease-expired');
    const after = new Segment({ leaseTime: 600 }, store, store.kept, before.clock);
    after.clock.advanceSeconds(leftAfterRestart);
    expect([...after.server.leases()]).toMatchObject([{ address: yiaddr, state: 'idle' }]);
  });

  test('nothing is sent, and no timer waits, after the end', () => {
    const store = new SlowStore();
    const segment = new Segment({}, store);
    const { yiaddr } = segment.ask(message('discover')).message;
    segment.tell(selecting(1, yiaddr));
    segment.server[Symbol.dispose]();
    const sent = segment.sent.length;
    store.settle();
    expect([segment.sent.length, segment.clock.timers]).toEqual([sent, 0]);
  });
});

describe('a lease that an operator ends', () => {
  test('is kept as released, and the client gets the same address when it asks again', () => {
    const store = new SlowStore();
    const segment = new Segment({}, store);
    const { yiaddr: address } = segment.ask(message('discover')).message;
    segment.tell(selecting(1, address));
    store.settle();
    expect(segment.server.release(address)).toBe(true);
    store.settle();
    expect(segment.told.at(-1)).toBe('lease-released');
    expect(store.kept.at(-1)).toMatchObject({ address, state: 'released', mac: clientMac(1) });
    expect(segment.server.lease(address)).toMatchObject({ address, state: 'idle' });
    expect(segment.ask(message('discover')).message.yiaddr).toBe(address);
  });

  test('is not acknowledged when it was still on its way to the store', () => {
    const store = new SlowStore();
    const segment = new Segment({}, store);
    const { yiaddr: address } = segment.ask(message('discover')).message;
    segment.tell(selecting(1, address));
    expect(segment.server.release(address)).toBe(true);
    store.settle();
    expect(store.kept.map(({ state }) => state)).toEqual(['bound', 'released']);
    expect(answersIn(segment.sent).map(({ type }) => type)).toEqual([messageTypes.offer]);
  });

  test('must be bound: what is offered, idle, out of date or unknown is left as it is', () => {
    const segment = new Segment();
    const { yiaddr: offered } = segment.ask(message('discover')).message;
    expect(segment.server.release(offered)).toBe(false);
    expect(segment.server.lease(offered)).toMatchObject({ state: 'offered' });
    expect(segment.server.release(serverAddress)).toBe(false);
    expect(segment.server.lease(serverAddress)).toBeUndefined();
    segment.tell(selecting(1, offered));
    segment.clock.advanceSeconds(3600);
    expect(segment.server.release(offered)).toBe(false);
    expect(segment.told.filter((type) => type === 'lease-released')).toEqual([]);
  });
});

describe('conflicts', () => {
  test('a station with an address of the pool that it did not get keeps others from it', () => {
    const segment = new Segment();
    const address = ip('10.77.0.55');
    segment.observe({ operation: 'reply', senderMac: clientMac(9), senderAddress: address });
    expect(segment.events).toEqual([{ type: 'conflict', mac: clientMac(9), address, ingress: 9, holder: undefined, quarantined: true }]);
    expect(segment.ask(message('discover', { with: requested(address) })).message.yiaddr).not.toBe(address);
    segment.observe({ senderMac: clientMac(9), senderAddress: address });
    expect(segment.events.filter(({ type }) => type === 'conflict')).toHaveLength(1);
  });

  test('but not itself, when it asks for it', () => {
    const segment = new Segment();
    const address = ip('10.77.0.55');
    segment.observe({ senderMac: clientMac(9), senderAddress: address });
    expect(segment.ask(message('request', { mac: clientMac(9), ciaddr: address }), { destination: serverAddress }).type).toBe(
      messageTypes.ack,
    );
  });

  test('a client whose address another uses, and that does not answer, is moved to a new one when it renews', () => {
    const store = new SlowStore();
    const segment = new Segment({}, store);
    const { yiaddr: address } = segment.ask(message('discover')).message;
    segment.tell(selecting(1, address));
    store.settle();
    segment.sent.length = 0;
    segment.observe({ operation: 'reply', senderMac: clientMac(9), senderAddress: address });
    segment.clock.advanceSeconds(0.9);
    expect(segment.sent.map((frame) => decodeEthernet(frame)?.destination)).toEqual([clientMac(1), clientMac(1)]);
    expect(arpsIn(segment.sent)).toMatchObject(Array(2).fill({ operation: 'request', targetAddress: address }));
    expect(segment.told).not.toContain('conflict');
    segment.clock.advanceSeconds(0.1);
    expect(segment.events.at(-1)).toMatchObject({ type: 'conflict', holder: clientMac(1), quarantined: true });
    store.settle();
    // The client may not know: until its lease ends, also after a restart, the address is given to no other one.
    expect(store.kept.at(-1)).toEqual(store.kept[0]);
    expect(segment.ask(message('request', { ciaddr: address }), { destination: serverAddress }).type).toBe(messageTypes.nak);
    expect(segment.ask(message('discover')).message.yiaddr).not.toBe(address);
    expect(segment.astray).toBe(0);
  });

  test('an address whose holder does not answer is kept from all others until its lease ends, also from the one that uses it, and after a restart', () => {
    const store = new SlowStore();
    const range = { ranges: [{ start: ip('10.77.0.50'), end: ip('10.77.0.50') }] };
    const first = new Segment(range, store);
    const { yiaddr: address } = first.ask(message('discover')).message;
    first.tell(selecting(1, address));
    store.settle();
    first.observe({ operation: 'reply', senderMac: clientMac(9), senderAddress: address });
    first.clock.advanceSeconds(1);
    store.settle();
    expect(first.events.at(-1)).toMatchObject({ type: 'conflict', quarantined: true });
    const again = new Segment(range, store, store.kept, first.clock);
    for (const segment of [first, again])
      for (const n of [2, 9]) expect(segment.tell(message('discover', { mac: clientMac(n) })), `${n}`).toEqual([]);
    first.clock.advanceSeconds(3590);
    expect(first.tell(message('discover', { mac: clientMac(2) }))).toEqual([]);
    first.clock.advanceSeconds(12);
    for (const segment of [first, again]) expect(segment.ask(message('discover', { mac: clientMac(2) })).message.yiaddr).toBe(address);
  });

  test('a client that answers keeps its address, whoever else claims it, and the watcher is told', () => {
    const segment = new Segment();
    const address = segment.lease(1);
    for (let time = 0; time < 20; time++) {
      segment.observe({ senderMac: clientMac(9), senderAddress: address, targetAddress: address });
      segment.observe({ operation: 'reply', senderMac: clientMac(1), senderAddress: address, targetAddress: serverAddress }, 1);
      expect(segment.ask(message('request', { ciaddr: address }), { destination: serverAddress }).type).toBe(messageTypes.ack);
      segment.clock.advanceSeconds(5);
    }
    expect(segment.events.find(({ type }) => type === 'conflict')).toMatchObject({
      mac: clientMac(9),
      holder: clientMac(1),
      quarantined: false,
    });
  });

  test('neither the holder itself, nor a probe, nor another VLAN is a conflict', () => {
    const segment = new Segment();
    const address = segment.lease(1);
    segment.observe({ senderMac: clientMac(1), senderAddress: address, targetAddress: address });
    segment.observe({ senderMac: clientMac(9), targetAddress: address });
    segment.observe({ senderMac: clientMac(9), senderAddress: address }, 9, vid(7));
    segment.observe({ senderMac: clientMac(9), senderAddress: ip('10.77.0.200') });
    segment.tell(message('release', { ciaddr: address, with: toServer() }), { destination: serverAddress });
    segment.observe({ senderMac: clientMac(1), senderAddress: address });
    expect(segment.told).not.toContain('conflict');
  });

  test('a station that claims every address is found out at the fifth, told once, and believed nothing any more', () => {
    const segment = new Segment({ ranges: [{ start: ip('10.77.0.50'), end: ip('10.77.0.99') }] });
    for (let n = 50; n < 100; n++) segment.observe({ senderMac: clientMac(9), senderAddress: ip(`10.77.0.${n}`) });
    expect([...segment.server.leases()]).toEqual([]);
    expect(segment.told).toEqual([...Array<string>(4).fill('conflict'), 'address-claimer']);
    expect(segment.events.at(-1)).toEqual({ type: 'address-claimer', mac: clientMac(9), ingress: 9 });
  });

  test('a station that answers for every address costs new clients five tries, and later ones none', () => {
    const segment = new Segment({ probe: true, ranges: [{ start: ip('10.77.0.50'), end: ip('10.77.0.99') }] });
    const tries = (n: number): number => {
      for (let count = 1; ; count++) {
        const frames = segment.frame(clientFrame(message('discover', { mac: clientMac(n) })), n);
        const address = answersIn(frames)[0]?.message.yiaddr ?? serverAddress;
        for (const { targetAddress } of arpsIn(frames)) {
          segment.observe({ operation: 'reply', senderMac: clientMac(9), senderAddress: targetAddress });
        }
        if (segment.ask(selecting(n, address), { port: n }).type === messageTypes.ack) return count;
      }
    };
    expect([tries(1), tries(2)]).toEqual([5, 1]);
  });

  test('stations that are made up, each with an address, empty no pool', () => {
    const segment = new Segment({ ranges: [{ start: ip('10.77.0.50'), end: ip('10.77.0.99') }] });
    for (let n = 50; n < 100; n++) segment.observe({ senderMac: clientMac(n), senderAddress: ip(`10.77.0.${n}`) });
    expect([...segment.server.leases()]).toHaveLength(16);
    expect(segment.events.filter(({ type }) => type === 'conflict')).toHaveLength(17);
  });

  test("somebody else with the server's own address is told to the watcher", () => {
    const segment = new Segment();
    segment.observe({ senderMac: clientMac(9), senderAddress: serverAddress });
    expect(segment.events).toMatchObject([{ type: 'conflict', address: serverAddress, holder: serverMac, quarantined: false }]);
  });

  test('a new address is probed while it is offered, and an answer withdraws it', () => {
    const segment = new Segment({ probe: true });
    const frames = segment.frame(clientFrame(message('discover')));
    const [offer] = answersIn(frames);
    const address = offer?.message.yiaddr ?? serverAddress;
    expect(arpsIn(frames)).toMatchObject([{ operation: 'request', senderAddress: serverAddress, targetAddress: address }]);
    expect(segment.sent).toHaveLength(2);
    expect(arpsIn(segment.frame(clientFrame(message('discover'))))).toEqual([]);
    segment.observe({ operation: 'reply', senderMac: clientMac(9), senderAddress: address });
    expect(segment.ask(selecting(1, address)).type).toBe(messageTypes.nak);
  });

  test('an address that is not bound is probed whoever gets it: the one that it was, one that asks for it, or another', () => {
    const segment = new Segment({ probe: true });
    const address = segment.lease(1);
    const release = (): unknown => segment.tell(message('release', { ciaddr: address, with: toServer() }), { destination: serverAddress });
    const probed = (frame: Uint8Array): readonly unknown[] => arpsIn(segment.frame(frame)).map(({ targetAddress }) => targetAddress);
    release();
    const discover = clientFrame(message('discover'));
    expect(probed(discover)).toEqual([address]);
    segment.clock.advanceSeconds(60);
    const rebooting = clientFrame(message('request', { with: requested(address) }));
    expect(probed(rebooting)).toEqual([address]);
    expect([...probed(rebooting), ...probed(discover)]).toEqual([]);
    release();
    expect(probed(clientFrame(message('discover', { mac: clientMac(2), with: requested(address) })))).toEqual([address]);
  });
});

describe('VLANs', () => {
  test('a client in a VLAN is answered with its own tag', () => {
    const segment = new Segment({ vid: vid(5) });
    const [answer = new Uint8Array(0)] = segment.frame(addTag(clientFrame(message('discover')), 0x6005));
    expect(tciOf(answer)).toBe(0x6005);
    expect(decodeEthernet(answer)?.etherType).toBe(0x8100);
  });

  test('a server of a VLAN hears that one alone: not frames without a tag, and not those of a priority', () => {
    const segment = new Segment({ vid: vid(5) });
    const frame = clientFrame(message('discover'));
    expect([...segment.frame(frame), ...segment.frame(addTag(frame, 0x6000)), ...segment.frame(addTag(frame, 6))]).toEqual([]);
    expect([...segment.server.counters]).toEqual([['other-vlan', 3]]);
  });

  test('a tag that says only a priority is as good as none', () => {
    expect(new Segment().frame(addTag(clientFrame(message('discover')), 0x6000))).toHaveLength(1);
  });

  test('clients of other VLANs, and double tags, are not answered', () => {
    const segment = new Segment();
    const tagged = addTag(clientFrame(message('discover')), 7);
    expect([...segment.frame(tagged), ...segment.frame(addTag(tagged, 0))]).toEqual([]);
    expect([...segment.server.counters]).toEqual([
      ['other-vlan', 1],
      ['double-tagged', 1],
    ]);
  });
});

test('every message is counted under one reason', () => {
  const segment = new Segment();
  segment.lease(1);
  segment.tell(message('discover', { op: 2 }));
  segment.tell({ ...message('discover'), options: new Map() });
  expect(segment.frame(clientFrame(message('discover')).subarray(0, 200))).toEqual([]);
  expect(encodeDhcp(message('discover')).length).toBe(300);
  expect(Object.fromEntries(segment.server.counters)).toEqual({ offered: 1, selected: 1, 'bad-op': 1, 'no-type': 1, 'bad-ipv4': 1 });
  expect(segment.events.filter(({ type }) => type === 'dropped')).toMatchObject([{ reason: 'bad-op' }, { reason: 'no-type' }]);
});

test('with 60,000 clients there, 1,000 more each get an address of their own', () => {
  const network = { address: ip('10.77.0.0'), prefixLength: 16 };
  const ranges = [{ start: ip('10.77.0.2'), end: ip('10.77.255.254') }];
  const records = Array.from({ length: 60_000 }, (_, n): LeaseRecord => {
    const address = ipv4FromNumber(ip('10.77.0.2') + n);
    return { address, state: 'bound', key: `client ${n}`, mac: clientMac(100_000 + n), since: Date.UTC(2026, 0, 1) / 1000, duration: 3600 };
  });
  const full = new Segment({ network, ranges }, volatileLeaseStore, records);
  for (let n = 1000; n < 2000; n++) full.lease(n, {}, { port: 1 });
  expect(new Set(Array.from(full.server.leases(), ({ address }) => address)).size).toBe(61_000);
});
