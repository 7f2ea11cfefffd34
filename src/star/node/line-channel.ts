import { cleanText } from '../../clean-text.ts';
import type { Timer } from '../../clock.ts';
import { errnoText } from '../../errors.ts';
import type { PortEnvironment } from '../../ports/environment.ts';
import type { ByteChannel } from '../../ports/stream/byte-channel.ts';
import { usualDeadAfter } from '../../ports/stream/far-life.ts';
import type { Ready, Watch } from '../../system/readiness.ts';
import { StreamMemory } from '../../system/stream-socket.ts';
import { setUserTimeout } from '../../system/tcp-socket.ts';
import type { ControlChannel, ControlEvents } from '../channel.ts';
import { decodeJoinMessage, encodeJoinMessage } from '../message-codec.ts';
import { maxJoinLine, type JoinMessage } from '../messages.ts';

/** The most octets that wait for a far end that does not read. */
const mostWaiting = 16 * maxJoinLine;

/** How long an ended connection may wait for its last octets to leave, in milliseconds. */
const parting = 1000;

/** The most rounds of octets that are discarded before a connection is closed: see `closeAfterReading`. */
const mostDiscarded = 16;

/** The octets of one call. All channels use it, one after the other. */
const outgoing = new StreamMemory(mostWaiting);

const nothing = new Uint8Array(0);
const lineEnd = 0x0a;
const text = new TextDecoder();

/** A control connection: messages as lines on a byte channel. It ends if the far end sends something else, or does not read. */
export class LineChannel implements ControlChannel {
  readonly #channel: ByteChannel;
  readonly #environment: PortEnvironment;
  #events: ControlEvents | undefined;
  readonly #watch: Watch;
  #waiting = nothing;
  #rest = nothing;
  #reason: string | undefined;
  #open = true;
  #partingTimer: Timer | undefined;

  /** The channel belongs to it from here. Messages may be sent at once; receiving starts with `begin`. */
  constructor(channel: ByteChannel, environment: PortEnvironment) {
    this.#channel = channel;
    this.#environment = environment;
    this.#watch = channel.watch({ readable: false, writable: false }, (ready) => this.#ready(ready));
  }

  /** True until it has ended, or was told to end. */
  get isOpen(): boolean {
    return this.#reason === undefined;
  }

  /** Begins to receive. Called once, in the turn of the event loop in which it was made. */
  begin(events: ControlEvents): void {
    this.#events = events;
    if (this.#open) this.#wait();
  }

  send(message: JoinMessage): void {
    if (this.#reason !== undefined) return;
    const line = Buffer.from(encodeJoinMessage(message));
    if (this.#waiting.length + line.length > mostWaiting) {
      this.#close('it does not read what it is sent');
      return;
    }
    this.#waiting = this.#waiting.length === 0 ? line : Buffer.concat([this.#waiting, line]);
    this.#flush();
  }

  end(reason: string): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    if (this.#waiting.length === 0) this.#close(reason);
    else this.#partingTimer = this.#environment.clock.after(parting, () => this.#close(reason));
  }

  /** Closes the connection at once. `closed` is called, unless it was already closed. */
  [Symbol.dispose](): void {
    this.#close('it was closed here');
  }

  #ready({ readable, writable, failed }: Ready): void {
    if (readable || failed) this.#receive();
    if (writable && this.#open) this.#flush();
  }

  #flush(): void {
    while (this.#waiting.length > 0) {
      outgoing.octets.set(this.#waiting);
      const sent = this.#channel.send(outgoing, 0, this.#waiting.length);
      if (sent === 'EAGAIN') {
        this.#wait();
        return;
      }
      if (typeof sent === 'string') {
        this.#close(errnoText(sent));
        return;
      }
      this.#waiting = this.#waiting.subarray(sent);
    }
    this.#wait();
    if (this.#reason !== undefined) this.#close(this.#reason);
  }

  #wait(): void {
    this.#watch.want({ readable: this.#events !== undefined, writable: this.#waiting.length > 0 });
  }

  #receive(): void {
    const { streams } = this.#environment.loop;
    const start = streams.next;
    const end = this.#channel.receive(streams, nothing);
    if (end === 'EAGAIN') return;
    if (typeof end === 'string') this.#close(errnoText(end));
    else if (end === 0) this.#close('the other side closed the connection');
    // An ended connection is read only until its last octets have left.
    else if (this.#reason === undefined) this.#hear(streams.octets.subarray(start, end));
  }

  #hear(octets: Uint8Array): void {
    this.#events?.heard();
    let at = 0;
    for (let end = octets.indexOf(lineEnd); end >= 0; end = octets.indexOf(lineEnd, at)) {
      this.#line(this.#joined(octets.subarray(at, end)));
      at = end + 1;
      if (this.#reason !== undefined) return;
    }
    this.#rest = this.#joined(octets.subarray(at)).slice();
    if (this.#rest.length > maxJoinLine || !mayBegin(this.#rest)) this.#close(strangeTo(this.#rest));
  }

  /** Returns the rest of the last octets with those that follow. The rest is then used up. */
  #joined(octets: Uint8Array): Uint8Array {
    const line = this.#rest.length === 0 ? octets : Buffer.concat([this.#rest, octets]);
    this.#rest = nothing;
    return line;
  }

  #line(line: Uint8Array): void {
    const message = mayBegin(line) && line.length <= maxJoinLine ? decodeJoinMessage(text.decode(line)) : undefined;
    if (!message) this.#close(strangeTo(line));
    else if (message.type !== 'unknown') this.#events?.message(message);
  }

  /** Closes the connection. The far end gets the octets that were sent. */
  #close(reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#reason ??= reason;
    this.#partingTimer?.[Symbol.dispose]();
    this.#watch[Symbol.dispose]();
    for (let i = 0; i < mostDiscarded; i++) {
      const end = this.#channel.receive(this.#environment.loop.streams, nothing);
      if (typeof end === 'string' || end === 0) break;
    }
    this.#channel[Symbol.dispose]();
    const told = this.#reason;
    this.#environment.clock.defer(() => this.#events?.closed(told));
  }
}

/** How much longer the kernel may wait for an acknowledgement than an engine for a sign of life, which is what decides. */
const lossyFactor = 3;

/** Leaves the verdict on a silent control connection to the engine: packets are lost and sent again, and that takes time. */
export function keepThroughLosses({ socket }: Pick<ByteChannel, 'socket'>, deadAfter = usualDeadAfter): void {
  if (socket !== undefined) setUserTimeout(socket, lossyFactor * deadAfter);
}

const firstPrintable = 0x20;
const brace = 0x7b;
const longestQuote = 40;

/** Returns true if the octets may be the beginning of a message, or none have come yet. */
function mayBegin([first = brace]: Uint8Array): boolean {
  return first === brace;
}

/**
 * Returns the reason why received octets do not belong to this protocol. A frame of a plain link begins with its length, which is not
 * printable.
 */
function strangeTo(octets: Uint8Array): string {
  if ((octets[0] ?? 0) < firstPrintable) return 'it sends frames, as on a plain link, and not the control protocol';
  return `it sent "${cleanText(text.decode(octets.subarray(0, 4 * longestQuote)).trim(), longestQuote)}", which is not the control protocol`;
}
