import { EtherloomError } from '../errors.ts';
import { minFrame } from '../wire/ethernet.ts';
import { decodePcap, ethernetLink } from '../wire/pcap.ts';
import { decodePcapng, type Pcapng } from '../wire/pcapng.ts';
import type { LabStation, StationProgram } from './lab-station.ts';
import { checkOptions, type Wording } from './words.ts';

/** The selection from a capture. */
export interface TapeOptions {
  /** The name of the interface whose frames are played. Default: all interfaces. */
  readonly interface?: string;
}

/** A captured frame, and its time after the first one, in milliseconds. */
interface Recorded {
  readonly frame: Uint8Array;
  readonly offset: number;
}

const nanosecondsPerMicrosecond = 1000n;
const nanosecondsPerMillisecond = 1_000_000;

/** The program of a station that sends captured frames at their original intervals, from the moment at which it has a carrier. */
export class Tape implements StationProgram {
  readonly carrier: NonNullable<StationProgram['carrier']>;
  readonly #recorded: readonly Recorded[];
  #begun = false;
  #sent = 0;

  constructor(recorded: readonly Recorded[]) {
    this.#recorded = recorded;
    this.carrier = (up, station) => {
      if (!up || this.#begun) return;
      this.#begun = true;
      this.#playNext(station, 0);
    };
  }

  /** The number of frames. */
  get length(): number {
    return this.#recorded.length;
  }

  /** True if all of them were sent. */
  get done(): boolean {
    return this.#sent === this.#recorded.length;
  }

  #playNext(station: LabStation, at: number): void {
    const next = this.#recorded[this.#sent];
    if (!next) return;
    station.after(Math.max(0, next.offset - at), () => {
      station.send(next.frame);
      this.#sent++;
      this.#playNext(station, Math.max(at, next.offset));
    });
  }
}

/**
 * Returns a capture, pcap or pcapng, as the program of a station: `net.station('tape', s1, fromPcap(bytes))`. Throws
 * EtherloomError('bad-option') if it is not a capture of Ethernet, or if a frame is invalid, or was truncated in the capture.
 *
 * @example
 * ```ts
 * import { assertSeesFrame, fromPcap, lab } from 'etherloom/lab';
 * import { encodePcap } from 'etherloom/wire';
 *
 * const frame = new Uint8Array(60).fill(0xff, 0, 6);
 * frame.set([2, 0, 0, 0, 0, 9, 0x88, 0xb5], 6);
 * const capture = encodePcap({ linkType: 1, records: [{ seconds: 0, microseconds: 0, originalLength: 60, frame }] });
 *
 * using net = lab();
 * const s1 = net.switch('s1');
 * net.station('tape', s1, fromPcap(capture));
 * await assertSeesFrame(net.station('b', s1), 'EtherType 0x88b5');
 * ```
 */
export function fromPcap(bytes: Uint8Array, options: TapeOptions = {}): Tape {
  checkOptions(options, tapeWords);
  const capture = decodePcapng(bytes) ?? fromOlder(bytes);
  if (!capture)
    throw new EtherloomError('bad-option', 'cannot read the capture: it is neither pcap nor pcapng; give the octets of such a file');
  const { interfaces, packets } = capture;
  const isWanted = (place: number): boolean => options.interface === undefined || interfaces[place]?.name === options.interface;
  if (!interfaces.some((_, place) => isWanted(place))) {
    const names = interfaces.map(({ name }) => name).filter((name) => name !== '');
    throw new EtherloomError(
      'bad-option',
      `the capture has no interface ${options.interface ?? ''}; use one of: ${names.join(', ') || 'none, its interfaces have no names'}`,
    );
  }
  const wanted = packets.filter((packet) => isWanted(packet.interface));
  const [first] = wanted;
  return new Tape(
    wanted.map((packet, at) => {
      const { frame, nanoseconds, originalLength } = packet;
      if (interfaces[packet.interface]?.linkType !== ethernetLink)
        throw unusable(at, 'it is not Ethernet; capture on an Ethernet interface');
      if (frame.length < minFrame)
        throw unusable(at, `it has ${frame.length} octets, and a frame has at least ${minFrame}; remove it from the capture`);
      if (originalLength > frame.length) throw unusable(at, 'it was cut short; capture whole frames, with a snap length of 0');
      return { frame: frame.slice(), offset: Number(nanoseconds - (first?.nanoseconds ?? 0n)) / nanosecondsPerMillisecond };
    }),
  );
}

function unusable(at: number, why: string): EtherloomError {
  return new EtherloomError('bad-option', `cannot play frame ${at + 1} of the capture: ${why}`);
}

/** Reads a pcap capture in the form of pcapng. */
function fromOlder(bytes: Uint8Array): Pcapng | undefined {
  const capture = decodePcap(bytes);
  if (!capture) return undefined;
  const packets = capture.records.map(({ seconds, microseconds, frame, originalLength }) => {
    const nanoseconds = (BigInt(seconds) * 1_000_000n + BigInt(microseconds)) * nanosecondsPerMicrosecond;
    return { interface: 0, nanoseconds, frame, originalLength };
  });
  return { interfaces: [{ name: '', linkType: capture.linkType }], packets };
}

/** The options of a capture that is played. */
export const tapeWords = { interface: 'text' } as const satisfies Wording<TapeOptions>;
