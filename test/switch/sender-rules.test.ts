import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeArp, type Arp } from '../../src/wire/arp.ts';
import { addTag, vid } from '../../src/wire/dot1q.ts';
import { encodeEthernet, etherTypes } from '../../src/wire/ethernet.ts';
import { ipv4FromNumber } from '../../src/wire/ipv4.ts';
import { broadcastMac, macFromNumber, type MacAddress } from '../../src/wire/mac.ts';
import { TestSwitch } from './test-switch.ts';

const serverMac = macFromNumber(0x0265_6c01_0001);
const guestMac = macFromNumber(0x0200_0000_0001);
const victimMac = macFromNumber(0x0200_0000_0002);
const serverAddress = ipv4FromNumber(0x0a4d_0001);
const guestAddress = ipv4FromNumber(0x0a4d_000b);

/** A switch with the server at port 9, the only one that may claim its address in VLAN 0, and guests at ports 1 to 3. */
function guarded(): TestSwitch {
  const lab = new TestSwitch({ 1: {}, 2: { trunk: true }, 3: {}, 9: {} });
  lab.bridge.senders.reserve({ vid: vid(0), address: serverAddress, mac: serverMac });
  return lab;
}

function arp(fields: Partial<Arp> & { readonly to?: MacAddress } = {}): Uint8Array {
  const { to = broadcastMac, ...rest } = fields;
  const claim = {
    operation: 'reply',
    senderMac: guestMac,
    senderAddress: serverAddress,
    targetMac: victimMac,
    targetAddress: guestAddress,
  } as const;
  return encodeEthernet({ destination: to, source: guestMac, etherType: etherTypes.arp, payload: encodeArp({ ...claim, ...rest }) });
}

/** Puts octets before the EtherType of a frame. */
function before(frame: Uint8Array, ...octets: readonly number[]): Uint8Array {
  return Uint8Array.from([...frame.subarray(0, 12), ...octets, ...frame.subarray(12)]);
}

function withOctet(frame: Uint8Array, at: number, octet: number): Uint8Array {
  const changed = frame.slice();
  changed[at] = octet;
  return changed;
}

const snap = [0xaa, 0xaa, 3, 0, 0, 0];

describe('ARP that claims the address of the server', () => {
  it.each([
    ['a reply', arp()],
    ['a reply to one station', arp({ to: victimMac })],
    ['a request', arp({ operation: 'request', targetMac: macFromNumber(0) })],
    ['an announcement', arp({ operation: 'request', targetAddress: serverAddress })],
    ['an announcement by a reply', arp({ targetMac: broadcastMac, targetAddress: serverAddress })],
    ['of another operation', withOctet(arp(), 21, 9)],
    ['for the hardware type of IEEE 802', withOctet(arp(), 15, 6)],
    ['with a priority tag', addTag(arp(), 0xe000)],
    ['with two priority tags', addTag(addTag(arp(), 0), 0)],
    ['with a service tag without a VLAN', before(arp(), 0x88, 0xa8, 0, 0)],
    ['behind a SNAP header', before(arp(), 0, 36, ...snap)],
    ['behind a tag and a SNAP header', addTag(before(arp(), 0, 36, ...snap), 0)],
    ['padded', Uint8Array.from([...arp(), ...new Uint8Array(1000)])],
  ])('is dropped and counted: %s', (_what, frame) => {
    const lab = guarded();
    expect(lab.bridge.explain(2, frame)).toEqual({ decision: 'drop', reason: 'forged-arp' });
    expect(lab.receive(2, frame)).toEqual([]);
    expect(lab.bridge.port(2)?.counters.drops).toMatchObject({ 'forged-arp': 1, 'no-egress': 0 });
    expect([...lab.bridge.entries()]).toEqual([]);
    lab.bridge.hub = true;
    expect(lab.bridge.explain(2, frame)).toEqual({ decision: 'drop', reason: 'forged-arp' });
    expect(lab.receive(2, frame)).toEqual([]);
  });

  it('is dropped in the VLAN of the server alone, by the tag or the port', () => {
    const lab = new TestSwitch({
      1: { untagged: vid(5) },
      2: { untagged: vid(0), tagged: [vid(5)] },
      3: { untagged: vid(5), tagged: [vid(0)] },
    });
    lab.bridge.senders.reserve({ vid: vid(5), address: serverAddress, mac: serverMac });
    const sent = (port: number, frame: Uint8Array): number => lab.receive(port, frame).length;
    expect([sent(1, arp()), sent(2, addTag(arp(), 5))]).toEqual([0, 0]);
    expect(sent(2, arp())).toBe(1);
  });

  it('is shown to observers without its tag, though it is dropped', () => {
    const seen: unknown[] = [];
    const lab = new TestSwitch({ 1: {}, 2: {} }, { observe: (...one) => seen.push(one) });
    lab.bridge.senders.reserve({ vid: vid(0), address: serverAddress, mac: serverMac });
    lab.receive(1, arp());
    lab.receive(1, addTag(arp(), 0));
    expect(seen).toEqual([1, 2].map(() => [1, 0, arp()]));
  });

  it('of the server itself passes, and so does all other ARP', () => {
    const own = arp({ senderMac: serverMac });
    const others = [
      arp({ senderAddress: guestAddress }),
      arp({ senderAddress: guestAddress, targetAddress: serverAddress }),
      arp({ senderAddress: ipv4FromNumber(0) }),
      withOctet(arp(), 18, 8),
      withOctet(arp(), 16, 0x86),
      arp().subarray(0, 41),
      before(arp(), 0, 36, 0xaa, 0xaa, 3, 0, 0, 1),
      before(arp(), 0x88, 0xa8, 0, 5),
    ];
    for (const frame of [own, ...others]) expect(guarded().receive(1, frame)).toHaveLength(3);
  });

  it('passes again when the address is given up', () => {
    const lab = new TestSwitch({ 1: {}, 2: {} });
    const reserved = lab.bridge.senders.reserve({ vid: vid(0), address: serverAddress, mac: serverMac });
    expect(lab.receive(1, arp())).toEqual([]);
    reserved[Symbol.dispose]();
    expect(lab.receive(1, arp())).toHaveLength(1);
  });

  it.each([
    ['behind a SNAP header', (frame: Uint8Array) => before(frame, 0, 36, ...snap)],
    ['with a service tag', (frame: Uint8Array) => before(frame, 0x88, 0xa8, 0, 0)],
    ['bare', (frame: Uint8Array) => frame],
  ])('is dropped in one breath with harmless frames of its header: %s', (_what, wrap) => {
    const lab = guarded();
    lab.receive(3, encodeEthernet({ destination: guestMac, source: victimMac, etherType: 0x88b5, payload: new Uint8Array(46) }));
    const harmless = wrap(arp({ to: victimMac, senderAddress: guestAddress }));
    lab.bridge.beginBreath();
    for (const frame of [harmless, harmless, harmless, wrap(arp({ to: victimMac }))]) lab.bridge.receive(1, frame);
    expect(lab.sent.map(({ frame }) => frame)).toEqual([harmless, harmless, harmless]);
  });

  it('is looked for in any octets without reading beyond them', () => {
    const lab = guarded();
    const start = fc.constantFrom(
      [],
      [0x08, 0x06],
      [0x81, 0, 0, 0],
      [0x88, 0xa8, 0, 0],
      [0, 36, ...snap, 8, 6],
      [0x81, 0, 0, 0, 0x81, 0, 0, 0],
    );
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 60 }), (header, rest) => {
        const frame = Uint8Array.from([...addresses, ...header, ...rest]);
        const explained = lab.bridge.explain(1, frame);
        const isDropped = lab.receive(1, frame).length === 0;
        expect(isDropped).toBe(explained?.decision === 'drop');
      }),
    );
  });
});

/** The addresses of a broadcast frame. */
const addresses = [255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 1];
