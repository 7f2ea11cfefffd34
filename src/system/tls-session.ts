import { lastErrno } from './libc.ts';
import { copyFrom, fixedMemory, pointerTo, type OpenSsl } from './openssl.ts';
import { isReady, POLLOUT, type OctetSink, type OctetSource } from './stream-socket.ts';
import type { Fd } from './unix-socket.ts';

/** The state of a handshake: done, waiting for the descriptor to be readable or to have room, or failed for that reason. */
export type HandshakeState = 'done' | 'needs-octets' | 'needs-room' | { readonly failed: string };

/** The circumstances of a session. */
export interface SessionOptions {
  readonly fd: Fd;
  /** The protocols of which one must have been agreed on. */
  readonly protocols: readonly string[];
  /** The number of records after which the sending key changes. */
  readonly keyUpdateAfter: number;
  /** Memory that OpenSSL uses while the session exists. */
  readonly keep: unknown;
}

const SSL_ERROR_SSL = 1;
const SSL_ERROR_WANT_READ = 2;
const SSL_ERROR_WANT_WRITE = 3;
const SSL_ERROR_SYSCALL = 5;
const SSL_ERROR_ZERO_RETURN = 6;
const SSL_KEY_UPDATE_NOT_REQUESTED = 0;
const SSL_R_UNEXPECTED_EOF_WHILE_READING = 294;

/** Results of `#explain` that are no failures. */
const needsOctets = 'needs-octets';
const needsRoom = 'needs-room';
const end = 'end';
/** A process that was killed ends its connections so; without this, a stranger could cut a stream unnoticed. */
const cutOff = 'the far end ended the connection without the end of TLS';
const closedHere = 'it was ended here';

/** The longest public key that is asked for, in octets. One of P-256 has 91, one of Ed25519 44. */
const longestKey = 16_384;

/**
 * One TLS connection on a descriptor of the caller. First `handshake` until it is done; the far end's key is then known and must be judged by
 * the caller. A dialling end is done before the far end has judged its certificate: only received octets prove that it was taken.
 */
export class TlsSession implements OctetSource, OctetSink, Disposable {
  /** The number of times that the sending key was changed. */
  keyUpdates = 0;
  readonly #ssl: OpenSsl;
  readonly #options: SessionOptions;
  /** OpenSSL's own pointer; 0 once it is freed. */
  #session: number;
  #spki: Uint8Array | undefined;
  #alpn: string | undefined;
  #receiveFailure: string | undefined;
  #sendFailure: string | undefined;
  #pending = false;
  #receiveNeedsRoom = false;
  #sendNeedsOctets = false;
  #unfinished = false;
  #records = 0;

  /** Made by TlsContext alone. The pointer belongs to the session from here. */
  constructor(ssl: OpenSsl, session: number, options: SessionOptions) {
    this.#ssl = ssl;
    this.#session = session;
    this.#options = options;
  }

  /** The far end's public key (SubjectPublicKeyInfo, DER), which it has proved to own. Undefined before the handshake is done. */
  get spki(): Uint8Array | undefined {
    return this.#spki;
  }

  /** The protocol that both ends agreed on. Undefined before the handshake is done. */
  get alpn(): string | undefined {
    return this.#alpn;
  }

  /** True if received octets wait in OpenSSL, of which the descriptor says nothing: receive again. */
  get pending(): boolean {
    return this.#pending;
  }

  /** True if the last `receive` waits for room to send. */
  get receiveNeedsRoom(): boolean {
    return this.#receiveNeedsRoom;
  }

  /** True if the last `send` waits for octets of the far end. */
  get sendNeedsOctets(): boolean {
    return this.#sendNeedsOctets;
  }

  /** Continues the handshake. Call it again when the descriptor is ready for what it needs. */
  handshake(): HandshakeState {
    if (this.#session === 0) return { failed: closedHere };
    if (this.#receiveFailure !== undefined) return { failed: this.#receiveFailure };
    if (this.#spki) return 'done';
    this.#ssl.clearErrors();
    const result = this.#ssl.handshake(this.#session);
    if (result === 1) return this.#finish();
    const reason = this.#explain(result);
    if (reason === needsOctets) return 'needs-octets';
    if (reason === needsRoom) return 'needs-room';
    return this.#refuse(reason === end ? cutOff : reason);
  }

  /**
   * Receives octets into the memory at `address`, as many as have arrived and have room.
   * @returns their number; 0 at the end of the stream, which the far end has confirmed; or the errno's name or reason of a failure: `EAGAIN`
   * if none waits.
   */
  receive(address: number, room: number): number | string {
    if (this.#session === 0) return closedHere;
    if (this.#receiveFailure !== undefined) return this.#receiveFailure;
    this.#ssl.clearErrors();
    this.#receiveNeedsRoom = false;
    let count = 0;
    // One call gives the octets of one record.
    do {
      const got = this.#ssl.read(this.#session, address + count, room - count);
      if (got <= 0) return this.#received(count, got);
      count += got;
      this.#pending = this.#ssl.hasPending(this.#session) === 1;
    } while (this.#pending && count < room);
    return count;
  }

  /**
   * Sends `length` octets at `address`.
   * @returns the number taken, or the errno's name or reason of a failure: `EAGAIN` if none is taken. The next call must then begin with the
   * same octets, since OpenSSL may hold a part of them.
   */
  send(address: number, length: number): number | string {
    if (this.#session === 0) return closedHere;
    if (this.#sendFailure !== undefined) return this.#sendFailure;
    this.#ssl.clearErrors();
    if (this.#records >= this.#options.keyUpdateAfter) this.#updateKey();
    this.#sendNeedsOctets = false;
    let count = 0;
    // One call sends one record, of 16,384 octets at most.
    while (count < length) {
      const sent = this.#ssl.write(this.#session, address + count, length - count);
      if (sent <= 0) return this.#sent(count, sent);
      this.#unfinished = false;
      this.#records++;
      count += sent;
    }
    return count;
  }

  /** Tells the far end that the stream ends here, if there is room. Called once, before the descriptor is closed. */
  end(): void {
    if (this.#session === 0 || !this.#spki || this.#receiveFailure !== undefined || this.#sendFailure !== undefined) return;
    this.#ssl.shutdown(this.#session);
    this.#ssl.clearErrors();
  }

  /** Frees the session; the descriptor remains open. */
  [Symbol.dispose](): void {
    const session = this.#session;
    if (session === 0) return;
    this.#session = 0;
    this.#pending = false;
    this.#ssl.freeSession(session);
  }

  #finish(): HandshakeState {
    const alpn = this.#readAlpn();
    // OpenSSL also takes a far end that does not name a protocol.
    if (alpn === undefined || !this.#options.protocols.includes(alpn)) return this.#refuse('the far end names no protocol of ours (ALPN)');
    const spki = this.#readSpki();
    if (!spki) return this.#refuse('the far end has shown no usable certificate');
    this.#alpn = alpn;
    this.#spki = spki;
    this.#pending = this.#ssl.hasPending(this.#session) === 1;
    return 'done';
  }

  #refuse(failed: string): HandshakeState {
    this.#receiveFailure = this.#sendFailure = failed;
    return { failed };
  }

  #readAlpn(): string | undefined {
    const [data, length] = [fixedMemory(new Uint8Array(8)), fixedMemory(new Uint8Array(4))];
    this.#ssl.selectedAlpn(this.#session, data, length);
    const [address, count] = [new DataView(data.buffer).getBigUint64(0, true), new DataView(length.buffer).getUint32(0, true)];
    return count === 0 ? undefined : new TextDecoder().decode(copyFrom(Number(address), count));
  }

  #readSpki(): Uint8Array | undefined {
    const certificate = this.#ssl.peerCertificate(this.#session);
    if (certificate === 0) return undefined;
    const key = publicKeyOf(this.#ssl, certificate);
    this.#ssl.freeCertificate(certificate);
    return key;
  }

  /** Returns the result of a `receive` that got `count` octets before `result`. */
  #received(count: number, result: number): number | string {
    const reason = this.#explain(result);
    this.#receiveNeedsRoom = reason === needsRoom;
    const waits = reason === needsOctets || reason === needsRoom;
    if (!waits && reason !== end) this.#receiveFailure = reason;
    // The end, or the failure, is the result of the next call.
    this.#pending = count > 0 && !waits;
    if (count > 0) return count;
    if (reason === end) return 0;
    return waits ? 'EAGAIN' : reason;
  }

  /** Returns the result of a `send` that sent `count` octets before `result`. */
  #sent(count: number, result: number): number | string {
    const reason = this.#explain(result);
    this.#unfinished = reason === needsOctets || reason === needsRoom;
    this.#sendNeedsOctets = reason === needsOctets;
    if (!this.#unfinished) this.#sendFailure = reason === end ? 'EPIPE' : reason;
    if (count > 0) return count;
    return this.#sendFailure ?? 'EAGAIN';
  }

  /**
   * Changes the sending key. Only while there is room for the message: a key update that waits would also hold up the receiving side, and
   * two ends that wait for each other so would never go on.
   */
  #updateKey(): void {
    if (this.#unfinished || !isReady(this.#options.fd, POLLOUT)) return;
    if (this.#ssl.updateKey(this.#session, SSL_KEY_UPDATE_NOT_REQUESTED) === 1) {
      this.#records = 0;
      this.keyUpdates++;
      // A failure is returned by the write that follows.
      this.#ssl.handshake(this.#session);
    }
    this.#ssl.clearErrors();
  }

  /** Returns why a call of OpenSSL did not succeed. Must be called right after it. */
  #explain(result: number): string {
    const errno = lastErrno();
    const code = this.#ssl.errorOf(this.#session, result);
    if (code === SSL_ERROR_WANT_READ) return needsOctets;
    if (code === SSL_ERROR_WANT_WRITE) return needsRoom;
    if (code === SSL_ERROR_ZERO_RETURN) return end;
    const reason = code === SSL_ERROR_SSL ? this.#reason() : code === SSL_ERROR_SYSCALL ? errno : `error ${code}`;
    // Else the next connection would be told the error of this one.
    this.#ssl.clearErrors();
    return reason;
  }

  #reason(): string {
    const error = this.#ssl.nextError();
    if ((error & 0x7f_ffff) === SSL_R_UNEXPECTED_EOF_WHILE_READING) return cutOff;
    return `TLS failed: ${this.#ssl.reasonOfError(error) ?? `error ${error.toString(16)}`}`;
  }
}

/** Returns the public key of a certificate (SubjectPublicKeyInfo, DER). Undefined if it has none, or one that is too long to be one of ours. */
export function publicKeyOf(ssl: OpenSsl, certificate: number): Uint8Array | undefined {
  const key = ssl.publicKeyOf(certificate);
  const length = ssl.encodePublicKey(key, null);
  if (length <= 0 || length > longestKey) return undefined;
  const memory = fixedMemory(new Uint8Array(length));
  return ssl.encodePublicKey(key, pointerTo(memory)) === length ? memory.subarray(0, length) : undefined;
}
