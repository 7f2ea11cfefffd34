import { closeSync } from 'node:fs';
import type { Ready, Watch } from '../system/readiness.ts';
import { errnoText, SystemError } from '../errors.ts';
import { FrameMemory, hasInterface, isUp, openTap, setCarrier, writeFrame, type Tap } from '../system/tap.ts';
import { minFrame } from '../wire/ethernet.ts';
import { Backlog, type BacklogLimits } from './backlog.ts';
import type { PortEnvironment } from './environment.ts';
import { maxFrame, newPortCounters, type Port, type PortCounters, type Receiver } from './port.ts';
import { ReturningPort } from './returning-port.ts';

/** What a port on a TAP interface may be given. */
export interface TapPortOptions {
  readonly backlog?: BacklogLimits;
  /** Where its frames are counted. Default: counters of its own. */
  readonly counters?: PortCounters;
}

/**
 * A port on a TAP interface of this machine: its host is a station of the switch. It is down while the interface is, and ends when that
 * is deleted.
 */
export class TapPort implements Port {
  readonly module = 'tuntap';
  readonly description: string;
  readonly counters: PortCounters;
  readonly #tap: Tap;
  readonly #environment: PortEnvironment;
  readonly #backlog: Backlog;
  readonly #memory: FrameMemory;
  #pending: Uint8Array[] = [];
  #receiver: Receiver | undefined;
  #watch: Watch | undefined;
  #up: boolean;
  #open = true;

  /** The port owns the interface's descriptor from here. */
  constructor(tap: Tap, environment: PortEnvironment, { backlog, counters = newPortCounters() }: TapPortOptions = {}) {
    this.counters = counters;
    this.description = tap.name;
    this.#tap = tap;
    this.#environment = environment;
    this.#backlog = new Backlog(environment.budget, backlog, (frames, why) => {
      this.counters.drops[why] += frames;
    });
    this.#memory = new FrameMemory(environment.loop.ring.frameSize);
    this.#up = isUp(tap.fd);
  }

  /** Opens the interface of that name, or makes it. Throws EtherloomError: what `openTap` throws. */
  static open(name: string, environment: PortEnvironment, options?: TapPortOptions): TapPort {
    return new TapPort(openTap(name), environment, options);
  }

  attach(receiver: Receiver): void {
    this.#receiver = receiver;
    if (this.#open) this.#watch ??= this.#environment.loop.readiness.watch(this.#tap.fd, this.#interest, this.#ready);
    receiver.carrier(this.#up);
  }

  transmit(frame: Uint8Array): void {
    if (!this.#up) this.counters.drops['no-carrier']++;
    else if (frame.length > maxFrame) this.counters.drops.oversize++;
    else if (frame.length < minFrame) this.counters.drops.runt++;
    else this.#pending.push(frame);
  }

  flush(): void {
    const frames = this.#pending;
    if (frames.length === 0) return;
    this.#pending = [];
    // What waits goes first, or frames would overtake each other.
    const written = this.#backlog.count > 0 ? 0 : this.#write(frames);
    for (let i = written; i < frames.length; i++) {
      const frame = frames[i];
      const drop = frame && this.#backlog.add(frame);
      if (drop) this.counters.drops[drop]++;
    }
    this.#watch?.want(this.#interest);
  }

  /** The host sees the interface without a carrier. */
  enable(up: boolean): void {
    if (!this.#open) return;
    if (!up) this.counters.drops['port-down'] += this.#backlog.clear();
    const errno = setCarrier(this.#tap.fd, up);
    if (errno !== undefined && errno !== 'EBADFD')
      this.#environment.log.warn(`cannot set the carrier of ${this.description}: ${errnoText(errno)}; use Linux 5.0 or later`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    if (this.#open) {
      this.#open = false;
      this.#up = false;
      this.#watch?.[Symbol.dispose]();
      this.#backlog.clear();
      this.#pending = [];
      closeSync(this.#tap.fd);
    }
    return Promise.resolve();
  }

  /** That there is room for frames is worth knowing while some wait; and the kernel has room in an interface that is up only. */
  get #interest(): { readable: boolean; writable: boolean } {
    return { readable: true, writable: !this.#up || this.#backlog.count > 0 };
  }

  readonly #ready = (ready: Ready): void => {
    if (ready.readable || ready.failed) this.#environment.breath(this.#receive);
    if (!this.#open || !ready.writable) return;
    this.#setUp(true);
    this.#drain();
    this.#watch?.want(this.#interest);
  };

  readonly #receive = (): void => {
    const count = this.#memory.receive(this.#tap.fd);
    if (typeof count === 'string') {
      this.#end(`the interface is gone: ${count}`);
      return;
    }
    for (let i = 0; i < count && this.#open; i++) {
      const frame = this.#memory.frame(i);
      if (!frame) this.counters.drops.oversize++;
      else if (frame.length < minFrame) this.counters.drops.runt++;
      else {
        this.counters.receivedFrames++;
        this.counters.receivedOctets += frame.length;
        this.#receiver?.receive(frame);
      }
    }
  };

  /** Writes from the first on, and tells how many are done with: written, or refused and counted. */
  #write(frames: readonly Uint8Array[]): number {
    for (const [i, frame] of frames.entries()) {
      const errno = writeFrame(this.#tap.fd, frame);
      if (errno === 'EAGAIN') return i;
      if (errno === 'EIO') {
        this.#setUp(false);
        this.counters.drops['no-carrier'] += frames.length - i;
        return frames.length;
      }
      // Where it is gone for good, that is what the next reading tells.
      if (errno !== undefined) this.counters.drops['send-failed']++;
      else {
        this.counters.sentFrames++;
        this.counters.sentOctets += frame.length;
      }
    }
    return frames.length;
  }

  #drain(): void {
    let frames = this.#backlog.first();
    while (frames.length > 0) {
      const written = this.#write(frames);
      this.#backlog.shift(written);
      if (written < frames.length) return;
      frames = this.#backlog.first();
    }
  }

  #setUp(up: boolean): void {
    if (this.#up === up) return;
    this.#up = up;
    this.#receiver?.carrier(up);
  }

  #end(reason: string): void {
    void this[Symbol.asyncDispose]();
    this.#receiver?.closed(reason);
  }
}

/**
 * A port on the interface of that name for good: when the interface is removed and made again, the port takes it again. Throws what
 * `TapPort.open` throws.
 */
export async function openReturningTap(name: string, environment: PortEnvironment): Promise<Port> {
  let taken: string | undefined;
  const open = (counters: PortCounters): TapPort => {
    // Only the first time it may be made: somebody has removed it since.
    if (taken !== undefined && !hasInterface(taken)) throw new SystemError('ENODEV', `the interface ${taken} was removed`);
    const port = TapPort.open(taken ?? name, environment, { counters });
    taken = port.description;
    return port;
  };
  const options = { module: 'tuntap', description: name, name: `the tap interface ${name}`, open, mayWait: () => false };
  return ReturningPort.open(options, environment);
}
