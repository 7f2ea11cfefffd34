/**
 * Ethernet frames in a stream of octets: a big-endian length, then the frame without FCS, and so on.
 *
 *   +--------+--------+-----------+        +--------+--------+--------+--------+-----------+
 *   | length          | frame ... |        | length                            | frame ... |
 *   +--------+--------+-----------+        +--------+--------+--------+--------+-----------+
 *    VDE's tools, and between ours           QEMU's -netdev stream [QEMU, net/stream.c]
 *
 * A length of 0 carries nothing and is skipped. Between our own programs a link begins with four of them, the greeting. VDE's tools skip
 * it, and send none. An end that receives the greeting knows that the far end accepts every length. Without it, frames in both directions
 * are bounded by the longest that VDE's tools accept. To an end that has greeted, a frame of one octet means that the port at this end is
 * down (0), or up again (1). Text may precede the first frame in VDE's streams: see stream-text.ts.
 */
import { maxFrame } from './port.ts';
import { StreamBeginning, textAt } from './stream-text.ts';

/** The longest frame that streams carry, in octets: the greatest number of two octets. */
export const maxStreamFrame = 65_535;

/** The layout of frames in a stream, and the frames that a far end may get. */
export interface Framing {
  /** The number of octets of a length. */
  readonly lengthSize: 2 | 4;
  /** The longest frame for a far end that has not greeted, in octets. */
  readonly sendable: number;
  /** The longest frame from a far end that has not greeted. A greater length is a fault. */
  readonly receivable: number;
  /** The octets sent first. Empty if the far end would not skip them. */
  readonly greeting: Uint8Array;
  /** True if text before the first frame is skipped. */
  readonly skipsText: boolean;
  /** The advice to people about a far end that sent an invalid length. */
  readonly remedy?: string;
}

/** The fault that makes a stream unreadable: the length of a frame that is too long, and the text in its place, if any. */
export interface StreamFault {
  readonly length: number;
  readonly text?: string;
}

/** The framing of VDE's tools and ours. */
export const vdeFraming: Framing = {
  lengthSize: 2,
  sendable: maxFrame,
  receivable: maxFrame,
  greeting: new Uint8Array(8),
  skipsText: true,
  remedy: 'a far end that runs dpipe and nc must be started again',
};

/** QEMU's framing. It accepts and sends up to 69,632 octets [QEMU, NET_BUFSIZE], and would pass an empty frame to its guest. */
export const qemuFraming: Framing = {
  lengthSize: 4,
  sendable: maxStreamFrame,
  receivable: 69_632,
  greeting: new Uint8Array(0),
  skipsText: false,
};

/** Describes a fault in words, with a remedy. */
export function describeFault({ length, text }: StreamFault, remedy?: string): string {
  if (text !== undefined) return `text came instead of a frame: "${text}"; ${textRemedy}`;
  return `a frame of ${length} octets was announced, more than it may have${remedy === undefined ? '' : `; ${remedy}`}`;
}

/** Describes skipped text in words, with a remedy. */
export function describeText({ text, octets }: SkippedText): string {
  return `skipped ${octets} octets of text before the first frame: "${text}"; ${textRemedy}`;
}

const textRemedy = 'look at what the command on the other side prints: its shell start file (~/.profile, ~/.bashrc) must print nothing';

/** Text that came before the first frame: its first line, and its whole length. */
export interface SkippedText {
  readonly text: string;
  readonly octets: number;
}

/** Decodes a stream, wherever it was split, in memory of its caller. After an invalid length the rest of the stream cannot be trusted. */
export class FrameDecoder {
  readonly #framing: Framing;
  readonly #deliver: (frame: Uint8Array) => void;
  readonly #skipped: (text: SkippedText) => void;
  readonly #told: () => void;
  /** The search for the first frame, until it is found. */
  #beginning: StreamBeginning | undefined;
  #limit: number;
  #greeted = false;
  #begun = false;
  #leading = 0;
  #room = new Uint8Array(0);
  #rest = this.#room;
  #over = false;

  /**
   * `deliver` gets views into the decoded memory. `skipped` is called once, if text came before the first frame. `greeted` is called once the far end
   * has greeted, and before the frames behind the greeting are delivered.
   */
  constructor(
    framing: Framing,
    deliver: (frame: Uint8Array) => void,
    skipped: (text: SkippedText) => void = () => undefined,
    greeted: () => void = () => undefined,
  ) {
    this.#framing = framing;
    this.#deliver = deliver;
    this.#skipped = skipped;
    this.#told = greeted;
    this.#limit = framing.receivable;
    if (framing.skipsText) this.#beginning = new StreamBeginning(framing.receivable);
  }

  /** True if the far end began with the greeting. */
  get greeted(): boolean {
    return this.#greeted;
  }

  /** The octets of an incomplete frame: the next octets belong behind them. */
  get rest(): Uint8Array {
    return this.#rest;
  }

  /**
   * Decodes `rest` and the octets behind it, which lie in `memory` from `start` to `end`. Delivers each whole frame, and keeps a copy of
   * the remainder.
   * @returns the fault, if a length exceeds the limit; then the stream is over. Undefined otherwise.
   */
  decode(memory: Uint8Array, start: number, end: number): StreamFault | undefined {
    if (!this.#beginning) return this.#decode(memory, start, end);
    const beginning = this.#beginning.judge(memory, start, end);
    if (beginning.is === 'undecided') {
      this.#keep(memory.subarray(beginning.keep, end));
      return undefined;
    }
    this.#begin();
    if (beginning.is === 'frames') return this.#decode(memory, beginning.at, end);
    return this.#fault(memory, beginning.at, end);
  }

  /** Notes the end of the stream: text without a frame behind it is reported. */
  end(): void {
    this.#beginning?.end(this.#rest);
    this.#begin();
    this.stop();
  }

  #begin(): void {
    const { skipped: octets = 0, text = '' } = this.#beginning ?? {};
    this.#beginning = undefined;
    if (octets > 0) this.#skipped({ text, octets });
  }

  #decode(memory: Uint8Array, start: number, end: number): StreamFault | undefined {
    const { lengthSize } = this.#framing;
    let at = start;
    try {
      while (!this.#over && end - at >= lengthSize) {
        const length = readLength(memory, at, lengthSize);
        if (length > this.#limit) return this.#fault(memory, at, end);
        const next = at + lengthSize + length;
        if (next > end) break;
        const frame = memory.subarray(at + lengthSize, next);
        at = next;
        if (length === 0) this.#skipEmpty();
        else {
          this.#begun = true;
          this.#deliver(frame);
        }
      }
    } finally {
      // Even if `deliver` throws: the next octets must be read from a frame boundary.
      if (!this.#over) this.#keep(memory.subarray(at, end));
    }
    return undefined;
  }

  /** Stops delivery. */
  stop(): void {
    this.#over = true;
    this.#beginning = undefined;
  }

  #fault(memory: Uint8Array, at: number, end: number): StreamFault {
    this.stop();
    const length = readLength(memory, at, this.#framing.lengthSize);
    const text = textAt(memory.subarray(at, end));
    return text === undefined ? { length } : { length, text };
  }

  #skipEmpty(): void {
    const { greeting, lengthSize } = this.#framing;
    if (this.#begun || greeting.length === 0) return;
    this.#leading += lengthSize;
    if (this.#greeted || this.#leading < greeting.length) return;
    this.#greeted = true;
    this.#limit = maxStreamFrame;
    this.#told();
  }

  #keep(rest: Uint8Array): void {
    if (this.#room.length < rest.length) this.#room = new Uint8Array(Math.max(2048, 2 * rest.length));
    this.#rest = this.#room.subarray(0, rest.length);
    this.#rest.set(rest);
  }
}

/** Writes length and frame at `at`, where there must be room for them, and returns their end. */
export function writeFrame(memory: Uint8Array, at: number, frame: Uint8Array, lengthSize: 2 | 4): number {
  let start = at;
  if (lengthSize === 4) {
    // These octets are always zero: frames are not that long.
    memory[start++] = 0;
    memory[start++] = 0;
  }
  memory[start++] = frame.length >>> 8;
  memory[start++] = frame.length & 0xff;
  memory.set(frame, start);
  return start + frame.length;
}

/** Returns the sign that the port at this end is up or down: a frame that a station cannot send. Only an end that has greeted reads it. */
export function signOf(up: boolean): Uint8Array {
  return up ? upSign : downSign;
}

const downSign = new Uint8Array([0, 1, 0]);
const upSign = new Uint8Array([0, 1, 1]);

/**
 * Reads the sign of the far end's port from a frame that is too short for a station: true if that port is up. Returns undefined if it is
 * not a sign.
 */
export function readSign(frame: Uint8Array): boolean | undefined {
  const [octet = NaN] = frame;
  return frame.length === 1 && octet <= 1 ? octet === 1 : undefined;
}

function readLength(memory: Uint8Array, at: number, lengthSize: 2 | 4): number {
  const short = ((memory[at] ?? 0) << 8) | (memory[at + 1] ?? 0);
  if (lengthSize === 2) return short;
  return short * 65_536 + (((memory[at + 2] ?? 0) << 8) | (memory[at + 3] ?? 0));
}
