import { readFileSync, readdirSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { leaseKind } from '../../src/dhcp/disk/lease-journal.ts';
import { journalLine, readJournal } from '../../src/disk/journal-format.ts';
import type { LeaseRecord, LeaseStore } from '../../src/dhcp/lease-record.ts';
import { decodeDhcp, encodeDhcp, messageTypeOf, messageTypes, type DhcpMessage } from '../../src/wire/dhcp.ts';
import { decodeAddress, decodeUint32, encodeAddresses } from '../../src/dhcp/options.ts';
import { decodeEthernet, encodeEthernet, etherTypeOf, etherTypes } from '../../src/wire/ethernet.ts';
import { decodeIpv4, encodeIpv4, ipv4FromNumber, type Ipv4Address } from '../../src/wire/ipv4.ts';
import { concatOctets } from '../../src/wire/octets.ts';
import { decodePcap } from '../../src/wire/pcap.ts';
import { decodeUdp, encodeUdp } from '../../src/wire/udp.ts';
import { answersIn, clientMac, identifier, ip, message, requested, Segment, serverAddress, toServer, type Answer } from './segment.ts';

/** A store that writes a journal in memory, or fails. */
class JournalStore implements LeaseStore {
  journal: Uint8Array = new Uint8Array(0);
  broken = false;

  append(record: LeaseRecord, done: (error?: Error) => void): void {
    if (!this.broken) this.journal = concatOctets(this.journal, journalLine(leaseKind, [record]));
    done(this.broken ? new Error('EIO') : undefined);
  }

  recover(done: (error?: Error) => void): void {
    done(this.broken ? new Error('EIO') : undefined);
  }

  records(): readonly LeaseRecord[] {
    return Array.from(readJournal(leaseKind, this.journal).state.records());
  }
}

/** Four addresses, for twice as many clients. */
const options = { leaseTime: 600, ranges: [{ start: ip('10.77.0.50'), end: ip('10.77.0.53') }] };
const kinds = ['discover', 'request', 'decline', 'release', 'inform'] as const;
const step = fc.record({
  kind: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('request', 'discover') },
    { weight: 1, arbitrary: fc.constantFrom(...kinds, 'advance', 'restart', 'arp', 'break', 'repair') },
  ),
  client: fc.nat(4),
  port: fc.nat(3),
  address: fc.integer({ min: 49, max: 54 }),
  names: fc.constantFrom('requested', 'ciaddr', 'requested', 'ciaddr', 'both', 'neither'),
  server: fc.constantFrom('us', 'us', 'none', 'none', 'other'),
  shared: fc.boolean(),
  seconds: fc.integer({ min: 1, max: 700 }),
});
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

test('whatever clients send: one answer at most, no address to two of them, and the journal knows all that was granted', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 120, size: 'max' }), (steps) => {
      const run = new Run();
      for (const one of steps) run.do(one);
      run.check();
    }),
    { numRuns: 200 },
  );
});

/** A server through a sequence, and what its clients were granted. */
class Run {
  readonly #store = new JournalStore();
  #segment = new Segment(options, this.#store);
  readonly #granted = new Map<Ipv4Address, { readonly client: number; readonly shared: boolean; readonly until: number }>();

  do(one: Step): void {
    const { kind, client, port, address, seconds } = one;
    if (kind === 'advance') this.#segment.clock.advanceSeconds(seconds);
    else if (kind === 'restart') this.#restart();
    else if (kind === 'break' || kind === 'repair') this.#store.broken = kind === 'break';
    else if (kind === 'arp') this.#segment.observe({ senderMac: clientMac(client), senderAddress: ip(`10.77.0.${address}`) }, port);
    else this.#tell(kind, one);
    this.#endGrants(one);
  }

  check(): void {
    this.#store.broken = false;
    this.#segment.clock.advanceSeconds(6);
    const again = new Segment(options, this.#store, this.#store.records(), this.#segment.clock);
    expect(boundIn(again)).toEqual(boundIn(this.#segment));
    expect(this.#segment.astray).toBe(0);
  }

  #restart(): void {
    // A store that failed has not everything: to go on after that with a server that knows no better is not claimed to be safe.
    if (this.#store.broken) return;
    const { clock } = this.#segment;
    clock.advanceSeconds(6);
    this.#segment.server[Symbol.dispose]();
    this.#segment = new Segment(options, this.#store, this.#store.records(), clock);
  }

  #tell(kind: (typeof kinds)[number], { client, port, address, names, server, shared }: Step): void {
    const named = ip(`10.77.0.${address}`);
    const options = {
      ...(names === 'requested' || names === 'both' ? requested(named) : {}),
      ...(server === 'none' ? {} : toServer(server === 'us' ? serverAddress : ip('10.77.0.2'))),
      ...(shared ? identifier(255, client % 2) : {}),
    };
    const ciaddr = names === 'ciaddr' || names === 'both' ? named : ipv4FromNumber(0);
    const answers = this.#segment.tell(message(kind, { mac: clientMac(client), ciaddr, with: options }), { port });
    expect(answers.length).toBeLessThanOrEqual(1);
    for (const answer of answers) if (kind !== 'inform') this.#grant(answer, client, shared);
  }

  #grant({ type, message: { yiaddr, options } }: Answer, client: number, shared: boolean): void {
    expect(options.get(54)).toEqual(Uint8Array.of(10, 77, 0, 1));
    if (type === messageTypes.nak) return;
    expect(yiaddr).toBeGreaterThanOrEqual(ip('10.77.0.50'));
    expect(yiaddr).toBeLessThanOrEqual(ip('10.77.0.53'));
    if (type !== messageTypes.ack) return;
    const now = this.#segment.clock.monotonic();
    const before = this.#granted.get(yiaddr);
    if (before !== undefined && before.until > now) expect(before).toMatchObject({ client, shared });
    this.#granted.set(yiaddr, { client, shared, until: now + (decodeUint32(options.get(51)) ?? 0) * 1000 });
  }

  /** A grant ends by its time or by its own client: by nothing else, also when a station claims its address and the holder does not answer. */
  #endGrants({ kind, client, shared }: Step): void {
    const now = this.#segment.clock.monotonic();
    for (const [address, grant] of this.#granted) {
      const entry = Array.from(this.#segment.server.leases()).find((one) => one.address === address);
      const lease = entry?.promise ?? entry;
      const isBound = lease?.state === 'bound' && lease.mac === clientMac(grant.client);
      if (isBound && grant.until > now) continue;
      const isOwnDoing = (kind === 'release' || kind === 'decline') && grant.client === client && grant.shared === shared;
      expect(grant.until <= now || isOwnDoing).toBe(true);
      this.#granted.delete(address);
    }
  }
}

/** Returns which client has which address, of leases that do not end just now. */
function boundIn({ server, clock }: Segment): ReadonlyMap<Ipv4Address, string> {
  const leases = Array.from(server.leases(), (lease) => lease.promise ?? lease);
  const lasting = leases.filter(({ state, expires }) => state === 'bound' && expires > clock.monotonic() + 2000);
  return new Map(lasting.sort((a, b) => a.address - b.address).map(({ address, key }) => [address, key]));
}

const captures = readdirSync(new URL('../../fixtures/dhcp/', import.meta.url)).filter((name) => name.endsWith('.pcap'));

test.each(captures)('the clients of %s come through with our server as they did with another', (name) => {
  const records = decodePcap(readFileSync(new URL(`../../fixtures/dhcp/${name}`, import.meta.url)))?.records ?? [];
  const pairs = records.map(({ frame }) => ({ frame, dhcp: dhcpIn(frame) }));
  const segment = new Segment({ ranges: [{ start: ip('10.77.0.50'), end: ip('10.77.0.200') }] });
  /** Their server's address of each client, and ours. */
  const mapped = new Map<Ipv4Address, Ipv4Address>();
  let ours: readonly Answer[] = [];
  let answered = 0;
  for (const { frame, dhcp } of pairs) {
    if (dhcp?.op === 1) ours = segment.frame(readdressed(frame, dhcp, mapped)).length === 0 ? [] : answersIn(segment.sent.slice(-1));
    if (dhcp?.op !== 2) continue;
    const [answer] = ours;
    expect(answer?.type).toBe(messageTypeOf(dhcp));
    expect(answer?.message.xid).toBe(dhcp.xid);
    if (dhcp.yiaddr !== 0 && answer !== undefined) mapped.set(dhcp.yiaddr, answer.message.yiaddr);
    answered++;
  }
  expect(answered).toBeGreaterThan(1);
  expect(segment.server.counters.size).toBeGreaterThan(1);
});

/** Returns a client's frame, with the addresses that our server gave where it names those that theirs did. */
function readdressed(frame: Uint8Array, dhcp: DhcpMessage, mapped: ReadonlyMap<Ipv4Address, Ipv4Address>): Uint8Array {
  const map = (address: Ipv4Address): Ipv4Address => mapped.get(address) ?? address;
  const packet = decodeIpv4(frame.subarray(14));
  const ethernet = decodeEthernet(frame);
  if (packet === undefined || ethernet === undefined) throw new Error('a frame of a client');
  const wish = decodeAddress(dhcp.options.get(50));
  const options = new Map(dhcp.options);
  if (wish !== undefined) options.set(50, encodeAddresses(map(wish)));
  const asked = encodeDhcp({ ...dhcp, ciaddr: map(dhcp.ciaddr), options });
  const [source, { destination }] = [map(packet.source), packet];
  const payload = encodeUdp({ sourcePort: 68, destinationPort: 67, payload: asked }, source, destination);
  return encodeEthernet({ ...ethernet, payload: encodeIpv4({ protocol: 17, source, destination, payload }) });
}

function dhcpIn(frame: Uint8Array): DhcpMessage | undefined {
  const packet = etherTypeOf(frame) === etherTypes.ipv4 ? decodeIpv4(frame.subarray(14)) : undefined;
  const udp = packet?.protocol === 17 ? decodeUdp(packet.payload, packet.source, packet.destination) : undefined;
  return udp === undefined ? undefined : decodeDhcp(udp.payload);
}
