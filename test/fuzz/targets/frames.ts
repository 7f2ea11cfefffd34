import { sourceIpOf } from '../../../src/management/services/ip-source.ts';
import { decodeDhcp } from '../../../src/wire/dhcp.ts';
import { packetTooBig } from '../../../src/wire/packet-too-big.ts';
import { decodePcap } from '../../../src/wire/pcap.ts';
import { summarize } from '../../../src/wire/summary.ts';
import { fixture, streamedFrames } from '../../wire/fixture.ts';
import { must, type Target } from '../target.ts';

const captures = [
  'wire/stations.pcap',
  'wire/ipv6.pcap',
  'wire/router.pcap',
  'wire/trunk.pcap',
  'dhcp/udhcpc-decline.pcap',
  'dhcp/dhclient-decline.pcap',
];

/** Frames as they are shown to people: by the codecs of all that they can hold. */
export const frameTarget: Target = {
  name: 'frame',
  seeds: () => [
    ...captures.flatMap((path) => (decodePcap(fixture(path))?.records ?? []).map(({ frame }) => frame)),
    ...streamedFrames('fstp/root-1.stream').slice(0, 4),
  ],
  words: () => [Uint8Array.of(0x81, 0, 0, 5), Uint8Array.of(0x86, 0xdd), Uint8Array.of(8, 0, 0x45), Uint8Array.of(0x63, 0x82, 0x53, 0x63)],
  open: () => ({ take }),
};

function take(input: Uint8Array): void {
  const text = summarize(input);
  must(/^[\x20-\x7e]+$/.test(text), () => `${JSON.stringify(text)} is a line for people`);
  const source = sourceIpOf(input);
  must(
    source === undefined || source.address < 2n ** (source.version === 4 ? 32n : 128n),
    () => `${String(source?.address)} is an address`,
  );
  const answer = packetTooBig(input, input.length - 1);
  must(answer === undefined || packetTooBig(answer, 0) === undefined, () => 'no answer is answered');
  decodeDhcp(input);
}
