import { ethernetLink } from '../wire/pcap.ts';
import { encodePcapng, type PcapngPacket } from '../wire/pcapng.ts';
import type { Network } from './network.ts';
import type { Hop } from './trace.ts';

const nanosecondsPerMillisecond = 1_000_000;

/**
 * Returns the remembered part of a network's run as a capture in pcapng, for Wireshark. It has each frame once for each link that it
 * crossed, at the sending end of the link, which is the interface: `s1.2`, or a station's name. A comment has the frame's number, its
 * destination, its fate and its cause; that of the first frame describes the part that is no longer remembered. The times are those of the
 * lab, which begins at 2026-01-01T00:00Z.
 *
 * @example
 * ```ts
 * import { captureOf, lab } from 'etherloom/lab';
 * import { decodePcapng } from 'etherloom/wire';
 *
 * using net = lab();
 * const s1 = net.switch('s1');
 * await net.host('a', s1).ping(net.host('b', s1));
 * const capture = decodePcapng(captureOf(net));
 * console.log(capture?.interfaces.map(({ name }) => name).join(' '));
 * ```
 */
export function captureOf({ fabric: { trace, timeline } }: Network): Uint8Array {
  const hops = [...trace.hops()];
  const names = [...new Set(hops.map(({ lane }) => lane.source))];
  const places = new Map(names.map((name, place) => [name, place]));
  const epoch = BigInt(Math.round(timeline.wall() - timeline.now)) * BigInt(nanosecondsPerMillisecond);
  const packets = hops.map((hop, at): PcapngPacket => ({
    interface: places.get(hop.lane.source) ?? 0,
    nanoseconds: epoch + BigInt(Math.round(hop.time * nanosecondsPerMillisecond)),
    frame: hop.frame,
    originalLength: hop.frame.length,
    direction: 'outbound',
    comment: at === 0 && trace.gap !== undefined ? `${trace.gap}\n${commentOf(hop)}` : commentOf(hop),
  }));
  return encodePcapng({ interfaces: names.map((name) => ({ name, linkType: ethernetLink })), packets });
}

function commentOf({ number, lane, fate, cause }: Hop): string {
  return `#${number} to ${lane.target}: ${fate}${cause === undefined ? '' : `, because of #${cause}`}`;
}
