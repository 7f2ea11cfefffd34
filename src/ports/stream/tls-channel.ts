import { closeSync } from 'node:fs';
import type { Interest, PolledSource, Ready, Watch } from '../../system/readiness.ts';
import type { StreamMemory, StreamRing } from '../../system/stream-socket.ts';
import type { TlsSession } from '../../system/tls-session.ts';
import type { Fd } from '../../system/unix-socket.ts';
import type { PortEnvironment } from '../environment.ts';
import type { ByteChannel } from './byte-channel.ts';

/**
 * A byte channel through a TLS session: octets are encrypted from the sender's memory, and decrypted into the loop's ring. Besides errno's
 * names, its results may be reasons in words.
 */
export class TlsChannel implements ByteChannel {
  readonly #session: TlsSession;
  readonly #fd: Fd;
  readonly #environment: PortEnvironment;
  #watch: TlsWatch | undefined;

  /** The session, whose handshake is done, and its non-blocking descriptor belong to the channel from here. */
  constructor(session: TlsSession, fd: Fd, environment: PortEnvironment) {
    this.#session = session;
    this.#fd = fd;
    this.#environment = environment;
  }

  get socket(): Fd {
    return this.#fd;
  }

  receive(ring: StreamRing, rest: Uint8Array): number | string {
    const result = ring.receiveFrom(this.#session, rest);
    this.#watch?.settle();
    return result;
  }

  /** After `EAGAIN`, the next call must begin with the same octets: a record of them may be on its way already. */
  send(memory: StreamMemory, start: number, end: number): number | string {
    const result = memory.sendTo(this.#session, start, end);
    this.#watch?.settle();
    return result;
  }

  watch(interest: Interest, tell: (ready: Ready) => void): Watch {
    return (this.#watch = new TlsWatch(this.#session, this.#fd, this.#environment, tell, interest));
  }

  /** Tells the far end that the stream ends here, and closes the connection. */
  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]();
    this.#session.end();
    this.#session[Symbol.dispose]();
    closeSync(this.#fd);
  }
}

/**
 * Watches the descriptor of a session, and the session itself: while received octets wait in it, of which the kernel knows nothing, it is
 * ready in each round of the loop. Receiving may wait for room to send, and sending for octets; then the other readiness is watched.
 */
class TlsWatch implements Watch, PolledSource {
  readonly #session: TlsSession;
  readonly #environment: PortEnvironment;
  readonly #tell: (ready: Ready) => void;
  readonly #watch: Watch;
  #source: Disposable | undefined;
  #wanted: Interest;
  /** True if the descriptor is watched for the other readiness. */
  #crossed = false;

  constructor(session: TlsSession, fd: Fd, environment: PortEnvironment, tell: (ready: Ready) => void, interest: Interest) {
    this.#session = session;
    this.#environment = environment;
    this.#tell = tell;
    this.#wanted = interest;
    this.#watch = environment.loop.readiness.watch(fd, interest, (ready) => this.#told(ready));
    this.settle();
  }

  want(interest: Interest): void {
    this.#wanted = interest;
    this.#watchDescriptor();
    this.settle();
  }

  /** Follows the state of the session. Called after each use of it. */
  settle(): void {
    const { pending, receiveNeedsRoom, sendNeedsOctets } = this.#session;
    if (pending && this.#wanted.readable) this.#source ??= this.#environment.loop.poll(this);
    if (this.#crossed || receiveNeedsRoom || sendNeedsOctets) this.#watchDescriptor();
  }

  poll(): boolean {
    if (this.arm()) {
      this.#tell({ readable: true, writable: false, failed: false });
      return true;
    }
    this.#source?.[Symbol.dispose]();
    this.#source = undefined;
    return false;
  }

  arm(): boolean {
    return this.#session.pending && this.#wanted.readable;
  }

  [Symbol.dispose](): void {
    this.#wanted = { readable: false, writable: false };
    this.#source?.[Symbol.dispose]();
    this.#source = undefined;
    this.#watch[Symbol.dispose]();
  }

  #watchDescriptor(): void {
    const { receiveNeedsRoom, sendNeedsOctets } = this.#session;
    const { readable, writable } = this.#wanted;
    this.#crossed = receiveNeedsRoom || sendNeedsOctets;
    this.#watch.want({
      readable: (readable && !receiveNeedsRoom) || (writable && sendNeedsOctets),
      writable: (writable && !sendNeedsOctets) || (readable && receiveNeedsRoom),
    });
  }

  #told(ready: Ready): void {
    if (!this.#crossed) {
      this.#tell(ready);
      return;
    }
    const { receiveNeedsRoom, sendNeedsOctets } = this.#session;
    const { readable, writable } = this.#wanted;
    this.#tell({
      readable: readable && (receiveNeedsRoom ? ready.writable : ready.readable),
      writable: writable && (sendNeedsOctets ? ready.readable : ready.writable),
      failed: ready.failed,
    });
  }
}
