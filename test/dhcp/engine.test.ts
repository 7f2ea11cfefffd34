import { describe, expect, test } from 'vitest';
import { dhcpConfig } from '../../src/dhcp/config.ts';
import { Declines } from '../../src/dhcp/declines.ts';
import { decide, type Outcome } from '../../src/dhcp/engine.ts';
import { Leases, type LeaseState } from '../../src/dhcp/leases.ts';
import { decodeUint32 } from '../../src/dhcp/options.ts';
import { messageTypeOf, messageTypes, type DhcpMessage } from '../../src/wire/dhcp.ts';
import { broadcastMac, macFromNumber, type MacAddress } from '../../src/wire/mac.ts';
import { parseIpv4Network } from '../../src/wire/ipv4.ts';
import {
  clientMac,
  configuration,
  everybody,
  identifier,
  ip,
  message,
  none,
  requested,
  seconds,
  serverAddress,
  serverMac,
  toServer,
} from './segment.ts';
import type { Request } from '../../src/dhcp/request.ts';

const free = ip('10.77.0.55');
const other = ip('10.77.0.56');
const now = 1_000_000;

/** A table and a configuration, and what the engine makes of messages. */
class Case {
  readonly config;
  readonly leases;
  readonly declines;

  constructor(options: Parameters<typeof configuration>[0] = {}) {
    this.config = configuration(options);
    this.leases = new Leases(this.config);
    this.declines = new Declines(this.config);
  }

  /** Puts client n on an address. */
  put(n: number, address: typeof free, state: LeaseState, ingress = n): this {
    const client = { key: `01${clientMac(n).toString(16).padStart(12, '0')}`, mac: clientMac(n), hostname: undefined, ingress };
    if (state === 'quarantined') {
      this.leases.apply({ kind: 'quarantine', address, user: undefined, ingress: 9, expires: now + 600_000 });
      return this;
    }
    if (state === 'offered') this.leases.apply({ kind: 'offer', address, client, expires: now + 60_000 });
    else this.leases.apply({ kind: 'bind', address, client, expires: now + 3_600_000, duration: 3600 });
    if (state === 'idle') this.leases.apply({ kind: 'release', address });
    return this;
  }

  decide(asked: DhcpMessage, how: Partial<Request> = {}): Outcome {
    return decide(this, { message: asked, ingress: 1, home: undefined, source: none, unicast: false, ...how }, now);
  }

  /** Decides, and does it. */
  do(asked: DhcpMessage, how: Partial<Request> = {}): Outcome {
    const outcome = this.decide(asked, how);
    if (outcome.change !== undefined) this.leases.apply(outcome.change);
    return outcome;
  }
}

const typeOf = (outcome: Outcome): number | undefined => (outcome.reply === undefined ? undefined : messageTypeOf(outcome.reply.message));
const yiaddrOf = (outcome: Outcome): number | undefined => outcome.reply?.message.yiaddr;

describe('DISCOVER', () => {
  test('a new client is offered a free address, which is kept for it', () => {
    const outcome = new Case().decide(message('discover'));
    expect(typeOf(outcome)).toBe(messageTypes.offer);
    expect(outcome.change).toMatchObject({ kind: 'offer', address: yiaddrOf(outcome), expires: now + 60_000 });
  });

  test('asked again, the offer is the same', () => {
    const segment = new Case();
    const [first, second] = [segment.do(message('discover')), segment.do(message('discover', { xid: 7 }))];
    expect(yiaddrOf(second)).toBe(yiaddrOf(first));
  });

  test('a client with a lease is offered that, and the lease is not touched', () => {
    const outcome = new Case().put(1, free, 'bound').decide(message('discover', { with: requested(other) }));
    expect(yiaddrOf(outcome)).toBe(free);
    expect(outcome.change).toBeUndefined();
  });

  test('a client that was here is offered what it had', () => {
    expect(yiaddrOf(new Case().put(1, free, 'idle').decide(message('discover')))).toBe(free);
  });

  test('a wish is granted when the address is free', () => {
    expect(yiaddrOf(new Case().decide(message('discover', { with: requested(free) })))).toBe(free);
  });

  test.each(['offered', 'bound', 'quarantined'] as const)('a wish for an address that is %s gets another', (state) => {
    const outcome = new Case().put(2, free, state).decide(message('discover', { with: requested(free) }));
    expect(typeOf(outcome)).toBe(messageTypes.offer);
    expect(yiaddrOf(outcome)).not.toBe(free);
  });

  test.each(['10.77.0.1', '10.77.0.0', '10.77.0.255', '10.77.0.60', '192.168.1.5'])(
    'a wish for %s, which is not to be leased, gets another',
    (address) => {
      expect(yiaddrOf(new Case().decide(message('discover', { with: requested(ip(address)) })))).not.toBe(ip(address));
    },
  );

  test('with ciaddr it is answered, and nothing is kept', () => {
    const outcome = new Case().decide(message('discover', { ciaddr: free }));
    expect(outcome).toMatchObject({ reason: 'offered', reply: { message: { yiaddr: free }, to: { address: free } } });
    expect(outcome.change).toBeUndefined();
  });

  test('without a free address there is silence', () => {
    const segment = new Case();
    for (let n = 0; n < 10; n++) segment.put(100 + n, ip(`10.77.0.${50 + n}`), 'bound');
    expect(segment.decide(message('discover'))).toMatchObject({ reason: 'pool-exhausted' });
  });

  test('when only addresses of clients that left are free, the one that left first loses its', () => {
    const segment = new Case();
    for (let n = 0; n < 10; n++) segment.put(100 + n, ip(`10.77.0.${50 + n}`), 'idle');
    expect(yiaddrOf(segment.decide(message('discover')))).toBe(ip('10.77.0.50'));
  });

  test('after the loss of all memory a client is offered the same address', () => {
    expect(yiaddrOf(new Case().decide(message('discover')))).toBe(yiaddrOf(new Case().decide(message('discover'))));
  });
});

describe('REQUEST in SELECTING', () => {
  const selecting = (address: typeof free, server = serverAddress): DhcpMessage =>
    message('request', { with: { ...requested(address), ...toServer(server) } });

  test('an offer that stands is granted', () => {
    const outcome = new Case().put(1, free, 'offered').decide(selecting(free));
    expect(typeOf(outcome)).toBe(messageTypes.ack);
    expect(outcome.change).toEqual(expect.objectContaining({ kind: 'bind', address: free, duration: 3600, expires: now + 3_600_000 }));
  });

  test('repeated, it is granted again', () => {
    expect(new Case().put(1, free, 'bound').decide(selecting(free))).toMatchObject({
      reason: 'selected',
      reply: { message: { yiaddr: free } },
    });
  });

  test('another address than was offered is refused', () => {
    expect(new Case().put(1, free, 'offered').decide(selecting(other)).reason).toBe('nak-other-address');
  });

  test('an offer that ended is made good while its address is free', () => {
    expect(new Case().decide(selecting(free)).reason).toBe('selected');
    expect(new Case().put(2, free, 'offered').decide(selecting(free)).reason).toBe('nak-taken');
  });

  test.each(['10.77.0.2', '0.0.0.0', '255.255.255.255'])(
    'another server (%s) was chosen: silence, and our offer is free at once',
    (server) => {
      const outcome = new Case().put(1, free, 'offered').decide(selecting(free, ip(server)));
      expect(outcome).toMatchObject({ reason: 'other-server', change: { kind: 'withdraw', address: free } });
      expect(outcome.reply).toBeUndefined();
    },
  );

  test('another server was chosen by a client with a lease of ours: the lease stays', () => {
    expect(new Case().put(1, free, 'bound').decide(selecting(other, ip('10.77.0.2'))).change).toBeUndefined();
  });

  test("the server's own address is refused", () => {
    expect(new Case().decide(selecting(serverAddress)).reason).toBe('nak-taken');
  });
});

describe('REQUEST in INIT-REBOOT', () => {
  const rebooting = (address: typeof free): DhcpMessage => message('request', { with: requested(address) });

  test('the right address is granted again', () => {
    expect(new Case().put(1, free, 'bound').decide(rebooting(free)).reason).toBe('rebooted');
    expect(new Case().put(1, free, 'idle').decide(rebooting(free)).reason).toBe('rebooted');
  });

  test('another address than the client has is refused', () => {
    expect(new Case().put(1, free, 'bound').decide(rebooting(other)).reason).toBe('nak-other-address');
  });

  test('an address of another network is refused, by whatever server', () => {
    expect(new Case().decide(rebooting(ip('192.168.250.5'))).reason).toBe('nak-wrong-net');
    expect(new Case({ authoritative: false }).decide(rebooting(ip('192.168.250.5'))).reason).toBe('nak-wrong-net');
  });

  test('a client that nobody knows gets its address when that is free, and NAK when not', () => {
    expect(new Case().decide(rebooting(free)).reason).toBe('rebooted');
    expect(new Case().put(2, free, 'bound').decide(rebooting(free)).reason).toBe('nak-taken');
    expect(new Case().decide(rebooting(ip('10.77.0.200'))).reason).toBe('nak-taken');
  });

  test('where there may be other servers, a client that nobody knows gets silence', () => {
    expect(new Case({ authoritative: false }).decide(rebooting(free)).reason).toBe('unknown-client');
  });
});

describe.each([
  ['RENEWING', true, 'renewed'],
  ['REBINDING', false, 'rebound'],
] as const)('REQUEST in %s', (_state, unicast, reason) => {
  const renewing = (address: typeof free): DhcpMessage => message('request', { ciaddr: address });

  test('the lease is made longer, and the answer goes to the address', () => {
    const outcome = new Case().put(1, free, 'bound').decide(renewing(free), { unicast });
    expect(outcome).toMatchObject({ reason, change: { kind: 'bind', address: free }, reply: { to: { address: free, mac: clientMac(1) } } });
    expect(outcome.reply?.message.ciaddr).toBe(free);
  });

  test('a lease that was forgotten is taken up again when its address is free', () => {
    expect(new Case().decide(renewing(free), { unicast }).reason).toBe(reason);
  });

  test('an address that is taken, or of another net, is refused by broadcast', () => {
    const taken = new Case().put(2, free, 'bound').decide(renewing(free), { unicast });
    expect(taken).toMatchObject({
      reason: 'nak-taken',
      reply: { to: { mac: broadcastMac, address: everybody }, message: { ciaddr: 0, yiaddr: 0 } },
    });
    expect(new Case().decide(renewing(ip('192.168.1.5')), { unicast }).reason).toBe('nak-wrong-net');
  });

  test.each(['10.77.0.1', '10.77.0.0', '10.77.0.255'])('%s is refused', (address) => {
    expect(new Case().decide(renewing(ip(address)), { unicast }).reason).toBe('nak-taken');
  });

  test('where there may be other servers, an unknown lease gets silence', () => {
    const segment = new Case({ authoritative: false });
    expect(segment.decide(renewing(free), { unicast }).reason).toBe('unknown-client');
    expect(segment.decide(renewing(ip('192.168.1.5')), { unicast }).reason).toBe('unknown-client');
  });

  test('another requested address beside ciaddr is refused, with a reason in words', () => {
    const outcome = new Case().put(1, free, 'bound').decide(message('request', { ciaddr: free, with: requested(other) }), { unicast });
    expect(outcome.reason).toBe('nak-contradiction');
    expect(outcome.reply?.message.options.get(56)).toEqual(new TextEncoder().encode('ciaddr and requested address differ'));
  });
});

test('a REQUEST without any address is dropped', () => {
  expect(new Case().decide(message('request')).reason).toBe('no-address');
  expect(new Case().decide(message('request', { with: toServer() })).reason).toBe('no-address');
});

describe('DECLINE', () => {
  const declining = (address: typeof free, from = clientMac(1)): DhcpMessage =>
    message('decline', { mac: from, with: { ...requested(address), ...toServer() } });

  test.each(['offered', 'bound'] as const)('closes the address that the sender was %s, for ten minutes, without an answer', (state) => {
    const outcome = new Case().put(1, free, state).decide(declining(free));
    expect(outcome).toMatchObject({ reason: 'declined', change: { kind: 'quarantine', address: free, expires: now + 600_000 } });
    expect(outcome.reply).toBeUndefined();
  });

  test("does nothing to another's address, or from another port", () => {
    const segment = new Case().put(2, free, 'bound');
    expect(segment.decide(declining(free)).reason).toBe('not-holder');
    expect(segment.decide(declining(free, clientMac(2)), { ingress: 5 }).reason).toBe('wrong-port');
    expect(segment.decide(declining(other)).reason).toBe('not-holder');
  });

  test('to another server, or to none, does nothing', () => {
    const segment = new Case().put(1, free, 'bound');
    expect(segment.decide(message('decline', { with: { ...requested(free), ...toServer(ip('10.77.0.2')) } })).reason).toBe('other-server');
    expect(segment.decide(message('decline', { with: requested(free) })).reason).toBe('other-server');
    expect(segment.decide(message('decline', { with: toServer() })).reason).toBe('no-address');
  });

  test('of a reserved address gives its station a dynamic one meanwhile', () => {
    const reservedAddress = ip('10.77.0.10');
    const segment = new Case({
      reserved: (mac) => (mac === clientMac(1) ? reservedAddress : undefined),
      isReserved: (address) => address === reservedAddress,
    });
    expect(yiaddrOf(segment.do(message('discover')))).toBe(reservedAddress);
    segment.do(declining(reservedAddress));
    expect(yiaddrOf(segment.do(message('discover')))).toBeGreaterThanOrEqual(ip('10.77.0.50'));
  });
});

describe('RELEASE', () => {
  const releasing = (from = clientMac(1)): DhcpMessage => message('release', { mac: from, ciaddr: free, with: toServer() });

  test('frees the address, without an answer, and the client is remembered', () => {
    const segment = new Case().put(1, free, 'bound');
    const outcome = segment.do(releasing());
    expect(outcome).toMatchObject({ reason: 'released', change: { kind: 'release', address: free } });
    expect(outcome.reply).toBeUndefined();
    expect(segment.leases.at(free)).toMatchObject({ state: 'idle', mac: clientMac(1) });
  });

  test('of a lease of another, or from another port, is ignored', () => {
    const segment = new Case().put(2, free, 'bound');
    expect(segment.decide(releasing()).reason).toBe('not-holder');
    expect(segment.decide(releasing(clientMac(2)), { ingress: 5 }).reason).toBe('wrong-port');
    expect(segment.decide(releasing(clientMac(2)), { ingress: 2, home: 5 }).reason).toBe('wrong-port');
    expect(segment.decide(releasing(clientMac(2)), { ingress: 2 }).reason).toBe('released');
    const nameless = message('release', { mac: clientMac(2), ciaddr: free });
    expect(segment.decide(nameless, { ingress: 2, unicast: true }).reason).toBe('released');
    expect(segment.decide(nameless, { ingress: 2 }).reason).toBe('other-server');
  });

  test('to another server does nothing', () => {
    const segment = new Case().put(1, free, 'bound');
    expect(segment.decide(message('release', { ciaddr: free, with: toServer(ip('10.77.0.2')) })).reason).toBe('other-server');
    expect(segment.decide(message('release', { ciaddr: free })).reason).toBe('other-server');
    expect(segment.decide(message('release', { with: toServer() })).reason).toBe('no-address');
  });
});

describe('INFORM', () => {
  const own = ip('10.77.0.33');

  test('gets options without an address, a time or a lease', () => {
    const outcome = new Case().decide(message('inform', { ciaddr: own, with: { 55: Uint8Array.of(1, 51, 28) } }));
    expect(outcome).toMatchObject({
      reason: 'informed',
      reply: { message: { ciaddr: own, yiaddr: 0 }, to: { address: own, mac: clientMac(1) } },
    });
    expect(Array.from(outcome.reply?.message.options.keys() ?? [])).toEqual([53, 54, 1, 28]);
    expect(outcome.change).toBeUndefined();
  });

  test('without ciaddr is answered to its source; without either it is dropped', () => {
    expect(new Case().decide(message('inform'), { source: own })).toMatchObject({ reason: 'informed', reply: { to: { address: own } } });
    expect(new Case().decide(message('inform')).reason).toBe('no-address');
  });

  test("with another client's address, or one that no host here has, is not answered", () => {
    expect(new Case().put(2, free, 'bound').decide(message('inform', { ciaddr: free })).reason).toBe('not-holder');
    for (const address of ['192.168.1.5', '10.77.0.255', '10.77.0.1'])
      expect(new Case().decide(message('inform', { ciaddr: ip(address) })).reason).toBe('not-on-net');
  });
});

describe('replies', () => {
  test('go to the offered address without ARP, or to all when the client asks for that, flag kept', () => {
    expect(new Case().decide(message('discover', { with: requested(free) })).reply?.to).toEqual({
      mac: clientMac(1),
      address: free,
      port: 68,
    });
    const { reply } = new Case().decide(message('discover', { broadcast: true }));
    expect(reply).toMatchObject({ to: { mac: broadcastMac, address: everybody }, message: { broadcast: true } });
  });

  test('bear the transaction and the identifier of the client, and name the server', () => {
    for (const xid of [0, 0xffff_ffff]) {
      const { reply } = new Case().decide(message('discover', { xid, secs: 65_535, with: identifier(255, 1, 2, 3) }));
      expect(reply?.message).toMatchObject({ op: 2, xid, secs: 0, hops: 0, siaddr: 0 });
      expect(reply?.message.options.get(61)).toEqual(Uint8Array.of(255, 1, 2, 3));
      expect(reply?.message.options.get(54)).toEqual(Uint8Array.of(10, 77, 0, 1));
    }
    const nak = new Case().decide(message('request', { with: { ...requested(ip('192.168.1.5')), ...identifier(9, 9) } })).reply?.message;
    expect(Array.from(nak?.options.keys() ?? [])).toEqual([53, 54, 56, 61]);
  });

  test.each([
    [10, 60],
    [600, 600],
    [0, 60],
    [100_000, 3600],
    [0xffff_ffff, 3600],
  ])('a wish for %i seconds gets %i', (wish, granted) => {
    const options = new Case().decide(message('discover', { with: seconds(wish) })).reply?.message.options;
    expect(decodeUint32(options?.get(51))).toBe(granted);
    const [t1 = 0, t2 = 0] = [decodeUint32(options?.get(58)), decodeUint32(options?.get(59))];
    expect(t1).toBeLessThanOrEqual(granted / 2);
    expect(t1).toBeGreaterThanOrEqual(Math.floor(granted * 0.475));
    expect(t2).toBe(Math.floor(granted * 0.875));
  });

  test('a lease without end is given only where that is configured, and has neither T1 nor T2', () => {
    const outcome = new Case({ maxLeaseTime: 0xffff_ffff })
      .put(1, free, 'bound')
      .decide(message('request', { ciaddr: free, with: seconds(0xffff_ffff) }));
    expect(Array.from(outcome.reply?.message.options.keys() ?? []).slice(0, 3)).toEqual([53, 54, 51]);
    expect(outcome.change).toMatchObject({ expires: Infinity, duration: 0xffff_ffff });
    expect(outcome.reply?.message.options.has(58)).toBe(false);
  });

  test('a renewal never takes away time that the client has', () => {
    const outcome = new Case().put(1, free, 'bound').decide(message('request', { ciaddr: free, with: seconds(60) }));
    expect(outcome.change).toMatchObject({ duration: 3600 });
  });
});

describe('clients', () => {
  test('are told apart by their identifiers before their hardware', () => {
    const segment = new Case();
    const [a, b] = [
      segment.do(message('discover', { with: identifier(0, 1, 2) })),
      segment.do(message('discover', { with: identifier(0, 1, 3) })),
    ];
    expect(yiaddrOf(a)).not.toBe(yiaddrOf(b));
  });

  test.each([[[]], [[1]]])('an identifier of %j is too short to be one', (octets) => {
    const segment = new Case();
    const plain = segment.do(message('discover'));
    expect(yiaddrOf(segment.do(message('discover', { with: identifier(...octets) })))).toBe(yiaddrOf(plain));
  });

  test('an identifier that is the hardware address is the same client as without', () => {
    const segment = new Case();
    const plain = segment.do(message('discover'));
    expect(yiaddrOf(segment.do(message('discover', { with: identifier(1, 2, 0, 0, 0, 0x10, 1) })))).toBe(yiaddrOf(plain));
  });

  test('clones with one identifier on two ports get a lease each, and keep it', () => {
    const segment = new Case();
    const clone = (mac: MacAddress): DhcpMessage => message('discover', { mac, with: identifier(255, 7, 7) });
    const [a, b] = [segment.do(clone(clientMac(1)), { ingress: 1 }), segment.do(clone(clientMac(2)), { ingress: 2 })];
    expect(yiaddrOf(a)).not.toBe(yiaddrOf(b));
    expect([a.sender?.twin, b.sender?.twin]).toEqual([undefined, clientMac(1)]);
    expect(yiaddrOf(segment.do(clone(clientMac(2)), { ingress: 2 }))).toBe(yiaddrOf(b));
    expect(yiaddrOf(segment.do(clone(clientMac(1)), { ingress: 1 }))).toBe(yiaddrOf(a));
  });

  test('a client with another card is told apart while the first one has a lease, also on the same port, which may be a link; then it is the same', () => {
    const held = new Case();
    const asking = (n: number): DhcpMessage => message('discover', { mac: clientMac(n), with: identifier(255, 7, 7) });
    const a = held.do(asking(1));
    expect(yiaddrOf(held.do(asking(2)))).not.toBe(yiaddrOf(a));
    const ended = new Case();
    const address = ip('10.77.0.55');
    ended.leases.apply({
      kind: 'bind',
      address,
      expires: now + 600_000,
      duration: 600,
      client: { key: 'ff0707', mac: clientMac(1), hostname: undefined, ingress: 1 },
    });
    ended.leases.apply({ kind: 'release', address });
    expect(yiaddrOf(ended.do(asking(2)))).toBe(address);
  });

  test('the same transaction identifier from two clients is two transactions', () => {
    const segment = new Case();
    const [a, b] = [1, 2].map((n) => segment.do(message('discover', { mac: clientMac(n) })));
    expect(a === undefined || b === undefined || yiaddrOf(a) === yiaddrOf(b)).toBe(false);
  });
});

describe('a client that asks again', () => {
  /**
   * Returns the grant after that many seconds of its lease: seconds in the reply, and the end of the lease in seconds from its beginning.
   */
  const after = (seconds: number, wish?: number): readonly (number | undefined)[] => {
    const held = new Case({ maxLeaseTime: 7200 });
    const client = { key: `01${clientMac(1).toString(16).padStart(12, '0')}`, mac: clientMac(1), hostname: undefined, ingress: 1 };
    const begun = now - seconds * 1000;
    held.leases.apply({ kind: 'bind', address: free, client, expires: begun + 3_600_000, duration: 3600 });
    const options = wish === undefined ? {} : { 51: Uint8Array.of(0, 0, wish >> 8, wish & 0xff) };
    const { reply, change } = held.do(message('request', { with: { ...requested(free), ...options } }));
    if (change?.kind !== 'bind') throw new Error('it is not granted');
    return [decodeUint32(reply?.message.options.get(51)), (change.expires - begun) / 1000];
  };

  test.each([0, 1, 0.25, 450.5, 899])('after %d s of 3,600 keeps its lease as it is', (seconds) => {
    expect(after(seconds)).toEqual([Math.floor(3600 - seconds), 3600]);
  });

  test.each([900, 901, 1800, 3599])('after %d s gets a new one', (seconds) => {
    expect(after(seconds)).toEqual([3600, seconds + 3600]);
  });

  test('and wishes for more gets more, and for less keeps what it has', () => {
    expect(after(60, 7200)).toEqual([7200, 7260]);
    expect(after(60, 600)).toEqual([3540, 3600]);
  });
});

describe('reservations', () => {
  const reservedAddress = ip('10.77.0.52');
  const options = {
    reserved: (mac: MacAddress) => (mac === clientMac(1) ? reservedAddress : undefined),
    isReserved: (address: number) => address === reservedAddress,
  };

  test('a station gets its own address, whatever it wishes for, calls itself, or had', () => {
    const segment = new Case(options).put(1, free, 'bound');
    expect(yiaddrOf(segment.decide(message('discover', { with: { ...requested(other), ...identifier(255, 1, 2) } })))).toBe(
      reservedAddress,
    );
    expect(segment.decide(message('request', { ciaddr: free }), { unicast: true }).reason).toBe('nak-other-address');
    expect(segment.decide(message('request', { with: requested(reservedAddress) })).reason).toBe('rebooted');
  });

  test('nobody else ever gets it', () => {
    const segment = new Case(options);
    for (let n = 2; n < 11; n++)
      expect(yiaddrOf(segment.do(message('discover', { mac: clientMac(n) }), { ingress: n }))).not.toBe(reservedAddress);
    expect(segment.do(message('discover', { mac: clientMac(11) })).reason).toBe('pool-exhausted');
    expect(segment.decide(message('request', { mac: clientMac(12), with: requested(reservedAddress) })).reason).toBe('nak-taken');
  });

  test('an address outside the ranges may be reserved', () => {
    const outside = ip('10.77.0.200');
    const segment = new Case({ reserved: () => outside, isReserved: (address) => address === outside });
    expect(yiaddrOf(segment.decide(message('discover')))).toBe(outside);
  });

  test('while somebody else still has it, its station gets another, and NAK is not sent for that', () => {
    const segment = new Case(options).put(2, reservedAddress, 'bound');
    const outcome = segment.do(message('discover'));
    expect(typeOf(outcome)).toBe(messageTypes.offer);
    expect(yiaddrOf(outcome)).not.toBe(reservedAddress);
  });
});

describe('faults', () => {
  const chaddr = (mac: MacAddress): DhcpMessage => message('discover', { mac });
  const cases: readonly (readonly [string, string, DhcpMessage])[] = [
    ['a reply', 'bad-op', message('discover', { op: 2 })],
    ['op 0', 'bad-op', message('discover', { op: 0 })],
    ['op 255', 'bad-op', message('discover', { op: 255 })],
    ['17 hops', 'bad-hops', message('discover', { hops: 17 })],
    ['htype 6', 'bad-hardware', message('discover', { htype: 6 })],
    ['htype 32', 'bad-hardware', message('discover', { htype: 32 })],
    ...[0, 7, 16, 17, 255].map((hlen) => [`hlen ${hlen}`, 'bad-hardware', message('discover', { hlen })] as const),
    ['chaddr zero', 'bad-chaddr', chaddr(macFromNumber(0))],
    ['chaddr of a group', 'bad-chaddr', chaddr(macFromNumber(0x0100_5e00_0001))],
    ['chaddr broadcast', 'bad-chaddr', chaddr(broadcastMac)],
    ["the server's chaddr", 'own-chaddr', chaddr(serverMac)],
    ['giaddr', 'relayed', message('discover', { giaddr: ip('10.77.0.9') })],
    ['option 82 without giaddr', 'relayed', message('discover', { with: { 82: Uint8Array.of(1, 1, 1) } })],
    ['no type', 'no-type', { ...message('discover'), options: new Map() }],
    ...[[], [1, 1]].map(
      (type) => [`a type of ${type.length} octets`, 'bad-type', message('discover', { with: { 53: Uint8Array.from(type) } })] as const,
    ),
    ...[0, 2, 5, 6, 9, 14, 18, 255].map((type) => [`type ${type}`, 'bad-type', message(type)] as const),
    ...[50, 51, 54].flatMap((code) =>
      [0, 3, 5].map(
        (length) =>
          [`option ${code} of ${length} octets`, 'bad-option', message('request', { with: { [code]: new Uint8Array(length) } })] as const,
      ),
    ),
    ['an identifier of 600 octets', 'bad-client-id', message('discover', { with: { 61: new Uint8Array(600) } })],
  ];

  test.each(cases)('%s is dropped as %s', (_what, reason, asked) => {
    expect(new Case().decide(asked)).toEqual({ reason });
  });

  test.each([
    ['yiaddr and siaddr', message('discover', { yiaddr: free, siaddr: other })],
    ['sname and file', message('discover', { sname: new Uint8Array(64).fill(65), file: new Uint8Array(128).fill(66) })],
    ['16 hops', message('discover', { hops: 16 })],
    [
      'unknown options',
      message('discover', { with: { 80: new Uint8Array(0), 145: Uint8Array.of(1), 90: new Uint8Array(20), 116: Uint8Array.of(1) } }),
    ],
    ['an identifier of 255 octets', message('discover', { with: { 61: new Uint8Array(255).fill(7) } })],
  ])('%s in a DISCOVER are no fault', (_what, asked) => {
    expect(new Case().decide(asked).reason).toBe('offered');
  });
});

test('an OFFER to rapid commit is an OFFER, without option 80', () => {
  const { reply } = new Case().decide(message('discover', { with: { 80: new Uint8Array(0), 55: Uint8Array.of(80, 1) } }));
  expect(reply?.message.options.has(80)).toBe(false);
});

test('a /31 and a /32 lease all addresses but the own', () => {
  for (const [net, server, expected] of [
    ['10.0.0.0/31', '10.0.0.0', '10.0.0.1'],
    ['10.0.0.0/30', '10.0.0.1', '10.0.0.2'],
  ] as const) {
    const network = parseIpv4Network(net);
    if (network === undefined) throw new Error('a network');
    const config = dhcpConfig({ network, serverAddress: ip(server), serverMac });
    const outcome = decide(
      { config, leases: new Leases(config), declines: new Declines(config) },
      { message: message('discover'), ingress: 1, home: undefined, source: none, unicast: false },
      now,
    );
    expect(yiaddrOf(outcome)).toBe(ip(expected));
  }
});
