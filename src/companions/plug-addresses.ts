import { decodeArp } from '../wire/arp.ts';
import { isTagged } from '../wire/dot1q.ts';
import { etherTypes, etherTypeOf } from '../wire/ethernet.ts';
import { formatIpv4, readIpv4 } from '../wire/ipv4.ts';
import { formatIpv6, ipv6HeaderLength, readIpv6 } from '../wire/ipv6.ts';

/** The most addresses that are remembered. Beyond that, all are forgotten, and reported again when they appear. */
const most = 4096;

const ipv4HeaderLength = 20;

/** Reports each IP address when it first appears as a source. */
export class SpokenAddresses {
  readonly #told = new Set<string>();
  readonly #tell: (address: string) => void;

  constructor(tell: (address: string) => void) {
    this.#tell = tell;
  }

  /** Examines a frame, which is not kept. */
  observe(frame: Uint8Array): void {
    const address = speaker(frame);
    if (address === undefined || this.#told.has(address)) return;
    if (this.#told.size >= most) this.#told.clear();
    this.#told.add(address);
    this.#tell(address);
  }
}

/** Returns the frame's source IP address; undefined if there is none. */
function speaker(frame: Uint8Array): string | undefined {
  if (frame.length < 18) return undefined;
  const tag = isTagged(frame) ? 4 : 0;
  const packet = frame.subarray(14 + tag);
  switch (tag > 0 ? ((frame[16] ?? 0) << 8) | (frame[17] ?? 0) : etherTypeOf(frame)) {
    case etherTypes.ipv4:
      return packet.length < ipv4HeaderLength ? undefined : told(formatIpv4(readIpv4(packet, 12)), '0.0.0.0');
    case etherTypes.ipv6:
      return packet.length < ipv6HeaderLength ? undefined : told(formatIpv6(readIpv6(packet, 8)), '::');
    case etherTypes.arp: {
      const arp = decodeArp(packet);
      return arp && told(formatIpv4(arp.senderAddress), '0.0.0.0');
    }
    default:
      return undefined;
  }
}

function told(address: string, none: string): string | undefined {
  return address === none ? undefined : address;
}
