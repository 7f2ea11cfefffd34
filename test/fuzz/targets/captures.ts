import { decodePcap, encodePcap } from '../../../src/wire/pcap.ts';
import { decodePcapng } from '../../../src/wire/pcapng.ts';
import { fixture } from '../../wire/fixture.ts';
import { must, type Target } from '../target.ts';

/** Capture files of both kinds. */
export const captureTarget: Target = {
  name: 'capture',
  seeds: () => ['wire/trunk.pcap', 'wire/trunk.pcapng', 'wire/ipv6.pcap', 'dhcp/dhclient-decline.pcap'].map(fixture),
  words: () => [
    Uint8Array.of(0x0a, 0x0d, 0x0d, 0x0a),
    Uint8Array.of(0x4d, 0x3c, 0x2b, 0x1a),
    Uint8Array.of(6, 0, 0, 0),
    new Uint8Array(4).fill(0xff),
  ],
  open: () => ({ take }),
};

function take(input: Uint8Array): void {
  const pcap = decodePcap(input);
  if (pcap) {
    const octets = pcap.records.reduce((sum, { frame }) => sum + frame.length, 0);
    must(octets <= input.length, () => 'frames are what the file holds');
    must(decodePcap(encodePcap(pcap))?.records.length === pcap.records.length, () => 'what was read can be written');
  }
  const packets = decodePcapng(input)?.packets ?? [];
  must(packets.reduce((sum, { frame }) => sum + frame.length, 0) <= input.length, () => 'packets are what the file holds');
}
