/**
 * Text before the frames of a stream: a shell's start file, a banner or an error message printed into `dpipe vde_plug a = ssh host vde_plug
 * b` before the first frame.
 *
 * The length of a frame is two octets, and text can be read as one: "# " is 8,992. So the beginning of a stream is judged by its first 16
 * octets, the length and the Ethernet header:
 *
 *  - A length above the limit is not a frame's. That alone reveals all text that begins with an octet above 0x24.
 *  - Otherwise it is a frame, unless all 16 octets are text. The addresses of a station may be printable, but its EtherType is not. Those
 *    in use have a control character (0x0800, 0x0806, a length of LLC) or are not well-formed UTF-8 (0x86dd, 0x8100, 0x88cc).
 *  - Shorter text ("ok", and a line feed, which begins a length of 2,560) is revealed by the frame after it. If the octets at the start
 *    have no EtherType in use, and those behind the text have one, the text is text.
 *
 * Frames begin at the first octet after the text that is not text itself. They begin some octets before it if the length, or the addresses behind
 * it, are printable too. The EtherType gives that place, and again the decision takes 16 octets, which every frame has. The decision depends only on
 * the octets, not on how they were split: it waits for more octets if it needs them.
 */
import { cleanText } from '../../clean-text.ts';
import { minFrame } from '../../wire/ethernet.ts';
import { readUint16 } from '../../wire/octets.ts';

/** The kind of a stream's beginning. */
export type Beginning =
  | { readonly is: 'frames'; readonly at: number } // frames begin there; the octets before are text
  | { readonly is: 'undecided'; readonly keep: number } // more octets are needed; those before `keep` are text and no longer needed
  | { readonly is: 'nonsense'; readonly at: number }; // text is followed there by something other than a frame

/** The length of a frame, its addresses and its EtherType, in octets. */
const headLength = 16;
const greetingLength = 8;

/**
 * The most octets at the start of a frame that may be printable: length and addresses, an EtherType such as 0x86dd, and the octets after it.
 */
const reach = 24;

/** The shortest payload of an LLC frame, in octets: two service access points and a control field. [IEEE 802.2, 3.2] */
const shortestLlc = 3;

/** The length of the text that is kept for people to see, in octets. */
const shownLength = 60;

/** The most text that is skipped, in octets: a start file does not print more. */
const mostText = 65_536;

/** Finds the first frame of a stream, after the text if there is some. */
export class StreamBeginning {
  readonly #limit: number;
  #isText = false;
  /** The number of kept octets that are known to be text. */
  #judged = 0;
  #shown: number[] = [];
  #skipped = 0;

  /** `limit` is the longest frame that may come, in octets. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The number of skipped octets of text. */
  get skipped(): number {
    return this.#skipped;
  }

  /** The beginning of that text, for people. */
  get text(): string {
    return shownText(this.#shown);
  }

  /** Judges the octets from `start` to `end`: all that were received and not skipped yet. */
  judge(memory: Uint8Array, start: number, end: number): Beginning {
    const octets = memory.subarray(start, end);
    const verdict = this.#isText ? this.#behindText(octets) : this.#first(octets);
    const at = verdict.is === 'undecided' ? verdict.keep : verdict.at;
    this.#skip(octets.subarray(0, at));
    if (this.#skipped > mostText) return { is: 'nonsense', at: start + at };
    return verdict.is === 'undecided' ? { is: 'undecided', keep: start + at } : { is: verdict.is, at: start + at };
  }

  /** Handles the remainder at the end of the stream: it is text if it began as such. */
  end(octets: Uint8Array): void {
    if (this.#isText || (octets.length > 0 && textLength(octets) === octets.length)) this.#skip(octets);
  }

  #first(octets: Uint8Array): Beginning {
    const frames: Beginning = { is: 'frames', at: 0 };
    const text = textLength(octets.subarray(0, headLength));
    if (text === 0 && octets.length > 0) return frames;
    if (octets.length < 2) return { is: 'undecided', keep: 0 };
    if (readUint16(octets, 0) > this.#limit) {
      if (textLength(octets, 'whole characters') === 0) return { is: 'undecided', keep: 0 };
      this.#isText = true;
      return this.#behindText(octets);
    }
    if (octets.length < headLength) return { is: 'undecided', keep: 0 };
    if (isFrameInUse(octets, 0, this.#limit)) return frames;
    if (text < headLength) {
      const end = spanOfText(octets.subarray(0, headLength));
      if (end === headLength) return frames;
      if (octets.length < end + headLength) return { is: 'undecided', keep: 0 };
      if (this.#frameInUseBy(octets, end) === undefined) return frames;
    }
    this.#isText = true;
    return this.#behindText(octets);
  }

  /** Examines each octet that is not text in UTF-8. If it is not a control character, it may be text in another encoding. */
  #behindText(octets: Uint8Array): Beginning {
    for (let end = this.#judged; ; end++) {
      end += textLength(octets.subarray(end), 'whole characters');
      if (isGreeting(octets, end)) return { is: 'frames', at: this.#frameInUseBy(octets.subarray(0, end + greetingLength), end) ?? end };
      if (octets.length < end + headLength) return this.#wait(end);
      const at = this.#frameInUseBy(octets, end);
      if (at !== undefined) return { is: 'frames', at };
      if ((octets[end] ?? 0) < 0x80) return { is: this.#mayBeFrame(octets, end) ? 'frames' : 'nonsense', at: end };
    }
  }

  /** Continues at `end` when there are more octets. The last ones before it may belong to the first frame already. */
  #wait(end: number): Beginning {
    const keep = Math.max(0, end - reach);
    this.#judged = end - keep;
    return { is: 'undecided', keep };
  }

  #mayBeFrame(octets: Uint8Array, at: number): boolean {
    const length = readUint16(octets, at);
    return length === 0 || (length >= minFrame && length <= this.#limit && !hasGroupSource(octets, at));
  }

  /** Returns the start of a frame with an EtherType in use: `end`, or the nearest place before it. */
  #frameInUseBy(octets: Uint8Array, end: number): number | undefined {
    for (let at = end; at > Math.max(0, end - reach); at--) if (isFrameInUse(octets, at, this.#limit)) return at;
    return undefined;
  }

  #skip(octets: Uint8Array): void {
    this.#skipped += octets.length;
    this.#shown.push(...octets.subarray(0, shownLength - this.#shown.length));
  }
}

/** Returns the beginning of text in the form for people, or undefined if the octets do not begin with text: at least a word. */
export function textAt(octets: Uint8Array): string | undefined {
  const length = textLength(octets.subarray(0, shownLength));
  return length < Math.min(4, octets.length) ? undefined : shownText([...octets.subarray(0, length)]);
}

/** Returns the first line that is not empty, without control characters. */
function shownText(octets: readonly number[]): string {
  const text = new TextDecoder().decode(Uint8Array.from(octets));
  const [line = ''] = text.split(/[\r\n]+/).filter((part) => part.trim() !== '');
  return cleanText(line, shownLength).trim();
}

/** Returns whether an octet is a tab, a line end, part of an escape sequence, a bell, or printable. */
function isAscii(octet: number): boolean {
  return (octet >= 0x20 && octet < 0x7f) || octet === 0x09 || octet === 0x0a || octet === 0x0d || octet === 0x1b || octet === 0x07;
}

/** Returns the number of octets that follow the first one of a character in UTF-8; undefined if none begins there. [RFC 3629, 4] */
function followers(octet: number): number | undefined {
  if (octet < 0x80) return isAscii(octet) ? 0 : undefined;
  if (octet < 0xc2 || octet > 0xf4) return undefined;
  return octet < 0xe0 ? 1 : octet < 0xf0 ? 2 : 3;
}

/** Returns how many octets from the start are text in UTF-8. The last character may be cut; `last` decides whether it then counts. */
function textLength(octets: Uint8Array, last: 'cut character' | 'whole characters' = 'cut character'): number {
  let at = 0;
  while (at < octets.length) {
    const more = followers(octets[at] ?? 0);
    if (more === undefined) return at;
    for (let i = 1; i <= more && at + i < octets.length; i++) if (((octets[at + i] ?? 0) & 0xc0) !== 0x80) return at;
    if (at + more >= octets.length && last === 'whole characters') return at;
    at += 1 + more;
  }
  return octets.length;
}

/** Returns how many octets from the start could be text in any encoding, since they are not control characters. */
function spanOfText(octets: Uint8Array): number {
  const end = octets.findIndex((octet) => octet < 0x80 && !isAscii(octet));
  return end < 0 ? octets.length : end;
}

/** Returns whether a greeting is there: four lengths of 0. */
function isGreeting(octets: Uint8Array, at: number): boolean {
  return octets.length >= at + greetingLength && octets.subarray(at, at + greetingLength).every((octet) => octet === 0);
}

function hasGroupSource(octets: Uint8Array, at: number): boolean {
  return ((octets[at + 8] ?? 0) & 1) === 1;
}

/** Returns whether the head of a frame is at `at`, with a length within the limit and an EtherType that stations use. */
function isFrameInUse(octets: Uint8Array, at: number, limit: number): boolean {
  if (octets.length < at + headLength || hasGroupSource(octets, at)) return false;
  const length = readUint16(octets, at);
  const etherType = readUint16(octets, at + 14);
  if (length < minFrame || length > limit) return false;
  // LLC: the length of the payload, without padding.
  if (etherType <= 1500) {
    return etherType >= shortestLlc && (etherType + minFrame === length || (length === 60 && etherType + minFrame < 60));
  }
  return usualEtherTypes.has(etherType) || (etherType >= 0x8800 && etherType < 0x8a00);
}

/** IPv4, ARP, wake-on-LAN, RARP, VLAN tags, IPv6, loopback; all types from 0x8800 on count as in use. [IANA ieee-802-numbers] */
const usualEtherTypes: ReadonlySet<number> = new Set([0x0800, 0x0806, 0x0842, 0x8035, 0x8100, 0x86dd, 0x9000, 0x9100]);
