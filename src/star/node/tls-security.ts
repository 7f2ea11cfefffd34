import type { PortEnvironment } from '../../ports/environment.ts';
import { TlsChannel } from '../../ports/stream/tls-channel.ts';
import { peek } from '../../system/tcp-socket.ts';
import { TlsContext, type TlsIdentity } from '../../system/tls-context.ts';
import type { TlsSession } from '../../system/tls-session.ts';
import type { Fd } from '../../system/unix-socket.ts';
import { fingerprintOf } from '../fingerprint.ts';
import { nodeDigest } from './digest.ts';
import { starProtocols, type Handshake, type HandshakeState, type Security, type StarProtocol } from './handshake.ts';

/** TLS with the key of this node. Disposing it ends no connection. */
export class TlsSecurity implements Security, Disposable {
  readonly #context: TlsContext;
  readonly #environment: PortEnvironment;

  /**
   * The accepting end takes `protocols`, by default those of a master's door. Throws EtherloomError: `bad-state` if the identity is damaged,
   * `not-supported` if this Node has no OpenSSL to call.
   */
  constructor(identity: TlsIdentity, environment: PortEnvironment, protocols: readonly StarProtocol[] = Object.values(starProtocols)) {
    this.#context = new TlsContext(identity, { alpn: protocols });
    this.#environment = environment;
  }

  accept(fd: Fd): Handshake {
    return new TlsHandshake(this.#context.accept(fd), fd, this.#environment);
  }

  connect(fd: Fd, protocol: StarProtocol): Handshake {
    return new DialledHandshake(this.#context.connect(fd, protocol), fd, this.#environment);
  }

  [Symbol.dispose](): void {
    this.#context[Symbol.dispose]();
  }
}

class TlsHandshake implements Handshake {
  protected readonly fd: Fd;
  readonly #session: TlsSession;
  readonly #environment: PortEnvironment;
  #done = false;

  constructor(session: TlsSession, fd: Fd, environment: PortEnvironment) {
    this.#session = session;
    this.fd = fd;
    this.#environment = environment;
  }

  step(): HandshakeState {
    const state = this.#session.handshake();
    if (state === 'needs-octets') return { is: 'waiting', until: 'readable' };
    if (state === 'needs-room') return { is: 'waiting', until: 'writable' };
    const { spki, alpn } = this.#session;
    if (state !== 'done') return { is: 'failed', reason: state.failed };
    if (!spki) return { is: 'failed', reason: 'the far end has shown no key' };
    this.#done = true;
    const channel = new TlsChannel(this.#session, this.fd, this.#environment);
    return { is: 'done', established: { fingerprint: fingerprintOf(spki, nodeDigest), protocol: alpn, channel } };
  }

  [Symbol.dispose](): void {
    if (!this.#done) this.#session[Symbol.dispose]();
  }
}

const handshakeRecord = 0x16;
const alertRecord = 0x15;

/** The handshake of the dialling end, which may have reached something that does not speak TLS. */
class DialledHandshake extends TlsHandshake {
  #isTls = false;

  override step(): HandshakeState {
    if (!this.#isTls) {
      const first = peek(this.fd, 1);
      if (first instanceof Uint8Array) {
        this.#isTls = first[0] === handshakeRecord || first[0] === alertRecord;
        if (!this.#isTls) return { is: 'failed', reason: noTls };
      }
    }
    return super.step();
  }
}

/** The reason of a handshake with a far end that answers something else. */
export const noTls = 'it does not speak TLS: it is a plain master (--plain, or one of version 0.2.0), or another service';
