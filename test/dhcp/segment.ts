/** A server on a wire of its own, with clients of which every octet is at the test's will. */
import { dhcpConfig, type DhcpConfig, type DhcpOptions } from '../../src/dhcp/config.ts';
import type { DhcpEvent } from '../../src/dhcp/events.ts';
import { volatileLeaseStore, type LeaseRecord, type LeaseStore } from '../../src/dhcp/lease-record.ts';
import { encodeAddresses, encodeUint32 } from '../../src/dhcp/options.ts';
import { DhcpServer } from '../../src/dhcp/server.ts';
import { decodeArp, encodeArp, type Arp } from '../../src/wire/arp.ts';
import { chaddrOf, decodeDhcp, encodeDhcp, messageTypeOf, messageTypes, type DhcpMessage } from '../../src/wire/dhcp.ts';
import { decodeEthernet, encodeEthernet, etherTypes } from '../../src/wire/ethernet.ts';
import { decodeIpv4, encodeIpv4, ipv4FromNumber, parseIpv4, parseIpv4Network, type Ipv4, type Ipv4Address } from '../../src/wire/ipv4.ts';
import { broadcastMac, macFromNumber, type MacAddress } from '../../src/wire/mac.ts';
import { decodeUdp, encodeUdp } from '../../src/wire/udp.ts';
import { ManualClock } from '../manual-clock.ts';

/** Returns the address in text; throws when it is none. */
export function ip(text: string): Ipv4Address {
  const address = parseIpv4(text);
  if (address === undefined) throw new Error(`not an address: ${text}`);
  return address;
}

/** Returns the MAC address of the n-th client. */
export function clientMac(n: number): MacAddress {
  return macFromNumber(0x0200_0000_1000 + n);
}

export const none = ipv4FromNumber(0);
export const everybody = ipv4FromNumber(0xffff_ffff);
export const serverAddress = ip('10.77.0.1');
export const serverMac = macFromNumber(0x0200_0000_0001);

const network = parseIpv4Network('10.77.0.0/24');

/** Returns the configuration of 10.77.0.0/24 with addresses .50 to .59, as changed by `options`. */
export function configuration(options: Partial<DhcpOptions> = {}): DhcpConfig {
  if (network === undefined) throw new Error('a network');
  const ranges = [{ start: ip('10.77.0.50'), end: ip('10.77.0.59') }];
  return dhcpConfig({ network, serverAddress, serverMac, ranges, probe: false, ...options });
}

/** The changes of a message from the usual one. Option values by their codes. */
export type MessageChange = Partial<Omit<DhcpMessage, 'options'>> & {
  readonly mac?: MacAddress;
  readonly with?: Readonly<Record<number, Uint8Array>>;
};

/** Returns a client's message. */
export function message(
  type: keyof typeof messageTypes | number,
  { mac = clientMac(1), with: added = {}, ...changes }: MessageChange = {},
): DhcpMessage {
  const nothing = new Uint8Array(0);
  const type53 = typeof type === 'number' ? type : messageTypes[type];
  const options = new Map([[53, Uint8Array.of(type53)], ...Object.entries(added).map(([code, value]) => [Number(code), value] as const)]);
  const addresses = { ciaddr: none, yiaddr: none, siaddr: none, giaddr: none };
  const header = { op: 1, htype: 1, hlen: 6, hops: 0, xid: 0x1234_5678, secs: 0, broadcast: false };
  return { ...header, ...addresses, chaddr: chaddrOf(mac), sname: nothing, file: nothing, ...changes, options };
}

/** Option 50, 54, 51 and 61 as they are used most. */
export const requested = (address: Ipv4Address): Readonly<Record<number, Uint8Array>> => ({ 50: encodeAddresses(address) });
export const toServer = (address = serverAddress): Readonly<Record<number, Uint8Array>> => ({ 54: encodeAddresses(address) });
export const seconds = (time: number): Readonly<Record<number, Uint8Array>> => ({ 51: encodeUint32(time) });
export const identifier = (...octets: number[]): Readonly<Record<number, Uint8Array>> => ({ 61: Uint8Array.from(octets) });

/** A message that the server sent, and how it was addressed. */
export interface Answer {
  readonly type: number | undefined;
  readonly message: DhcpMessage;
  readonly mac: MacAddress;
  readonly packet: Ipv4;
  readonly ports: readonly [source: number, destination: number];
  readonly payload: Uint8Array;
}

/** How a client's message goes. */
export interface Sending {
  readonly port?: number;
  readonly source?: Ipv4Address;
  readonly destination?: Ipv4Address;
  readonly from?: MacAddress;
}

/** A server with all that it sends and tells. `homes` says where the bridge knows stations to be; without, it cannot tell. */
export class Segment implements Disposable {
  readonly clock: ManualClock;
  readonly sent: Uint8Array[] = [];
  readonly events: DhcpEvent[] = [];
  readonly server: DhcpServer;
  /** How many frames were sent outside any breath; none should be. */
  astray = 0;
  #breaths = 0;

  constructor(
    options: Partial<DhcpOptions> = {},
    store: LeaseStore = volatileLeaseStore,
    records: Iterable<LeaseRecord> = [],
    clock = new ManualClock(),
    homes?: ReadonlyMap<MacAddress, number>,
  ) {
    this.clock = clock;
    const bridge = {
      send: (frame: Uint8Array) => {
        if (this.#breaths === 0) this.astray++;
        this.sent.push(frame);
      },
      breath: (work: () => void) => this.#breathe(work),
      ...(homes === undefined ? {} : { portOf: (mac: MacAddress) => homes.get(mac) }),
    };
    const event = (event: DhcpEvent): void => void this.events.push(event);
    this.server = new DhcpServer({ config: configuration(options), clock: this.clock, bridge, store, records, event });
  }

  /** Sends a frame by a port; its octets are overwritten afterwards. Returns the server's immediate frames. */
  frame(frame: Uint8Array, port = 1): readonly Uint8Array[] {
    const before = this.sent.length;
    const borrowed = frame.slice();
    this.#breathe(() => this.server.receive(borrowed, port));
    borrowed.fill(0xa5);
    return this.sent.slice(before);
  }

  /** Sends a message, and returns the messages that come back at once. */
  tell(asked: DhcpMessage, sending: Sending = {}): readonly Answer[] {
    return answersIn(this.frame(clientFrame(asked, sending), sending.port));
  }

  /** Returns the one message that comes back; throws when there is another number of them. */
  ask(asked: DhcpMessage, sending: Sending = {}): Answer {
    const answers = this.tell(asked, sending);
    const [answer] = answers;
    if (answer === undefined || answers.length > 1) throw new Error(`${answers.length} answers`);
    return answer;
  }

  /** DISCOVER and REQUEST; the address that was granted. */
  lease(n: number, change: MessageChange = {}, sending: Sending = { port: n }): Ipv4Address {
    const { with: options = {}, ...rest } = { mac: clientMac(n), ...change };
    const offer = this.ask(message('discover', { ...rest, with: options }), sending);
    const { yiaddr } = offer.message;
    const ack = this.ask(message('request', { ...rest, with: { ...options, ...requested(yiaddr), ...toServer() } }), sending);
    if (ack.type !== messageTypes.ack || ack.message.yiaddr !== yiaddr) throw new Error('the offer was not acknowledged');
    return yiaddr;
  }

  /** Lets the server see an ARP packet cross the bridge. */
  observe(arp: Partial<Arp>, port = 9, vid = 0): void {
    this.#breathe(() => this.server.observe(port, vid, arpFrame(arp)));
  }

  /** How often each event happened. */
  get told(): readonly string[] {
    return this.events.map(({ type }) => type);
  }

  [Symbol.dispose](): void {
    this.server[Symbol.dispose]();
  }

  #breathe(work: () => void): void {
    this.#breaths++;
    work();
    this.#breaths--;
  }
}

/** Returns the frame of a client's message. */
export function clientFrame(asked: DhcpMessage, { source = asked.ciaddr, destination = everybody, from }: Sending = {}): Uint8Array {
  const udp = encodeUdp({ sourcePort: 68, destinationPort: 67, payload: encodeDhcp(asked) }, source, destination);
  const payload = encodeIpv4({ source, destination, protocol: 17, payload: udp });
  const mac = from ?? macFromNumber(asked.chaddr.subarray(0, 6).reduce((value, octet) => value * 256 + octet, 0));
  return encodeEthernet({
    destination: destination === serverAddress ? serverMac : broadcastMac,
    source: mac,
    etherType: etherTypes.ipv4,
    payload,
  });
}

/** Returns the frame of an ARP packet; missing fields are those of a request to all by the first client, without addresses. */
export function arpFrame(arp: Partial<Arp>): Uint8Array {
  const whole: Arp = {
    operation: 'request',
    senderMac: clientMac(1),
    senderAddress: none,
    targetMac: macFromNumber(0),
    targetAddress: none,
    ...arp,
  };
  return encodeEthernet({ destination: broadcastMac, source: whole.senderMac, etherType: etherTypes.arp, payload: encodeArp(whole) });
}

/** Returns the DHCP messages in frames. */
export function answersIn(frames: readonly Uint8Array[]): readonly Answer[] {
  return frames.flatMap((frame) => {
    const ethernet = decodeEthernet(frame);
    const packet = ethernet?.etherType === etherTypes.ipv4 ? decodeIpv4(ethernet.payload) : undefined;
    const udp = packet?.protocol === 17 ? decodeUdp(packet.payload, packet.source, packet.destination) : undefined;
    const message = udp === undefined ? undefined : decodeDhcp(udp.payload);
    if (ethernet === undefined || packet === undefined || udp === undefined || message === undefined) return [];
    const { sourcePort, destinationPort, payload } = udp;
    return [
      { type: messageTypeOf(message), message, mac: ethernet.destination, packet, ports: [sourcePort, destinationPort], payload } as const,
    ];
  });
}

/** Returns the ARP packets in frames. */
export function arpsIn(frames: readonly Uint8Array[]): readonly Arp[] {
  return frames.flatMap((frame) => {
    const ethernet = decodeEthernet(frame);
    const arp = ethernet?.etherType === etherTypes.arp ? decodeArp(ethernet.payload) : undefined;
    return arp === undefined ? [] : [arp];
  });
}
