/** TLS 1.3 as this node speaks it: mutual, with keys in place of names and dates. */
import { assert, EtherloomError } from '../errors.ts';
import { addressOf } from './libc.ts';
import { fixedMemory, openssl, type OpenSsl } from './openssl.ts';
import { TlsSession } from './tls-session.ts';
import type { Fd } from './unix-socket.ts';

/** The key of a node and its certificate, each as PEM. */
export interface TlsIdentity {
  readonly certificate: string;
  readonly key: string;
}

/** The options of a context. */
export interface TlsOptions {
  /** The protocols that its accepting side takes (ALPN), the preferred one first. */
  readonly alpn: readonly string[];
  /** The number of records that a session sends under one key. Default: 2^23, a third of the bound of AES-GCM (2^24.5) [RFC 8446, 5.5]. */
  readonly keyUpdateAfter?: number;
}

const SSL_CTRL_MODE = 33;
const SSL_CTRL_SET_READ_AHEAD = 41;
const SSL_CTRL_SET_SESS_CACHE_MODE = 44;
const SSL_CTRL_SET_MAX_CERT_LIST = 51;
const SSL_CTRL_SET_GROUPS_LIST = 92;
const SSL_CTRL_SET_SIGALGS_LIST = 98;
const SSL_CTRL_SET_CLIENT_SIGALGS_LIST = 102;
const SSL_CTRL_SET_MIN_PROTO_VERSION = 123;
const SSL_CTRL_SET_MAX_PROTO_VERSION = 124;
const TLS1_3_VERSION = 0x0304;
/** A write returns after a record, and may be repeated from another address. */
const SSL_MODE_ENABLE_PARTIAL_WRITE = 1;
const SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER = 2;
const SSL_VERIFY_PEER = 1;
const SSL_VERIFY_FAIL_IF_NO_PEER_CERT = 2;
const SSL_TLSEXT_ERR_OK = 0;
const SSL_TLSEXT_ERR_ALERT_FATAL = 2;
const OPENSSL_NPN_NEGOTIATED = 1;

const suites = 'TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256';
/** Quick ones only, since strangers choose among them: the large groups of OpenSSL's own list cost a thousand times as much. */
const groups = ['X25519MLKEM768:X25519:P-256', 'X25519:P-256'];
const signatures = 'ECDSA+SHA256:ed25519';
/** The longest certificates that a stranger may send, in octets. One of ours has 400. */
const longestCertificates = 8192;
/** The most octets that one read takes from the kernel. */
const readAhead = 131_072;
const mostRecords = 2 ** 23;

/** The lengths of the contexts' lists of protocols, by the address that OpenSSL hands back. */
const lists = new Map<number, number>();
let alpnChoice: unknown;

/** Makes sessions of one identity. Costs a millisecond: make one and keep it. */
export class TlsContext implements Disposable {
  readonly #ssl: OpenSsl;
  readonly #context: number;
  readonly #alpn: readonly string[];
  readonly #keyUpdateAfter: number;
  /** OpenSSL reads it at each handshake. */
  readonly #list: Uint8Array;
  #open = true;

  /** Throws EtherloomError: `bad-state` if the identity is damaged, `not-supported` if this Node has no OpenSSL to call. */
  constructor(identity: TlsIdentity, { alpn, keyUpdateAfter = mostRecords }: TlsOptions) {
    const ssl = openssl();
    this.#ssl = ssl;
    this.#alpn = alpn;
    this.#keyUpdateAfter = keyUpdateAfter;
    this.#list = fixedMemory(alpnList(alpn));
    this.#context = ssl.newContext(ssl.method());
    try {
      this.#configure();
      useIdentity(ssl, this.#context, identity);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Begins a session on the accepting end of a connection. The descriptor is non-blocking and remains the caller's. */
  accept(fd: Fd): TlsSession {
    return this.#session(fd, (session) => this.#ssl.setAccepting(session), this.#alpn);
  }

  /** Begins a session on the dialling end of a connection, for one protocol. The descriptor is non-blocking and remains the caller's. */
  connect(fd: Fd, protocol: string): TlsSession {
    const list = alpnList([protocol]);
    const begin = (session: number): void => {
      this.#ssl.setConnecting(session);
      check(this.#ssl.offerAlpn(session, fixedMemory(list), list.length) === 0, 'ALPN');
    };
    return this.#session(fd, begin, [protocol]);
  }

  /** Sessions that were made before remain usable. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#ssl.freeContext(this.#context);
    lists.delete(addressOf(this.#list));
  }

  #session(fd: Fd, begin: (session: number) => void, protocols: readonly string[]): TlsSession {
    assert(this.#open, 'a TLS context that makes sessions is open');
    const session = this.#ssl.newSession(this.#context);
    check(session !== 0, 'memory for a session');
    try {
      check(this.#ssl.setDescriptor(session, fd) === 1, 'memory for a descriptor');
      begin(session);
    } catch (error) {
      this.#ssl.freeSession(session);
      throw error;
    }
    return new TlsSession(this.#ssl, session, { fd, protocols, keyUpdateAfter: this.#keyUpdateAfter, keep: this.#list });
  }

  #configure(): void {
    const [ssl, context] = [this.#ssl, this.#context];
    check(context !== 0, 'memory for a context');
    const control = (command: number, number: number): number => ssl.controlContext(context, command, number, 0);
    check(control(SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_3_VERSION) === 1, 'TLS 1.3');
    check(control(SSL_CTRL_SET_MAX_PROTO_VERSION, TLS1_3_VERSION) === 1, 'TLS 1.3');
    check(ssl.setSuites(context, suites) === 1, suites);
    check(
      groups.some((names) => ssl.controlContextByText(context, SSL_CTRL_SET_GROUPS_LIST, 0, names) === 1),
      groups.join(' and '),
    );
    check(ssl.controlContextByText(context, SSL_CTRL_SET_SIGALGS_LIST, 0, signatures) === 1, signatures);
    check(ssl.controlContextByText(context, SSL_CTRL_SET_CLIENT_SIGALGS_LIST, 0, signatures) === 1, signatures);
    // Resumption is off: a ticket would stand for a certificate that is not shown again.
    check(ssl.setTickets(context, 0) === 1, 'a switch for tickets');
    control(SSL_CTRL_SET_SESS_CACHE_MODE, 0);
    control(SSL_CTRL_SET_MAX_CERT_LIST, longestCertificates);
    control(SSL_CTRL_MODE, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    control(SSL_CTRL_SET_READ_AHEAD, 1);
    ssl.setReadBuffer(context, readAhead);
    ssl.setVerify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, 0);
    ssl.setCertificateCheck(context, ssl.acceptAll, 0);
    lists.set(addressOf(this.#list), alpnLength(this.#alpn));
    ssl.setAlpnChoice(context, (alpnChoice ??= ssl.alpnChoice(choose)), addressOf(this.#list));
    ssl.clearErrors();
  }
}

/** Chooses our most preferred protocol that the client offers; the handshake fails without one. */
function choose(_ssl: number, out: number, outLength: number, offered: number, offeredLength: number, own: number): number {
  const result = openssl().selectProtocol(out, outLength, own, lists.get(own) ?? 0, offered, offeredLength);
  return result === OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/** Returns protocols in the form of the extension: each after its length. [RFC 7301, 3.1] */
function alpnList(protocols: readonly string[]): Uint8Array {
  return Uint8Array.from(protocols.flatMap((protocol) => [protocol.length, ...new TextEncoder().encode(protocol)]));
}

function alpnLength(protocols: readonly string[]): number {
  return protocols.reduce((sum, protocol) => sum + 1 + protocol.length, 0);
}

function useIdentity(ssl: OpenSsl, context: number, { certificate, key }: TlsIdentity): void {
  const used =
    withPem(ssl, certificate, ssl.readCertificate, ssl.freeCertificate, (pointer) => ssl.useCertificate(context, pointer)) &&
    withPem(ssl, key, ssl.readKey, ssl.freeKey, (pointer) => ssl.useKey(context, pointer)) &&
    ssl.checkKey(context) === 1;
  ssl.clearErrors();
  if (!used) {
    throw new EtherloomError(
      'bad-state',
      'cannot use the identity: its certificate or key is damaged, or they do not belong together; make a new one',
    );
  }
}

/** Reads an object from PEM, uses it, and frees it. Returns false if the text is damaged, or `use` returned 0. */
function withPem(
  ssl: OpenSsl,
  pem: string,
  read: OpenSsl['readKey'],
  free: (pointer: number) => void,
  use: (pointer: number) => number,
): boolean {
  const text = new TextEncoder().encode(pem);
  const memory = fixedMemory(text);
  const bio = ssl.memoryBio(memory, text.length);
  // An empty password, since without one OpenSSL asks the terminal for that of an encrypted key.
  const pointer = read(bio, 0, 0, new Uint8Array(1));
  ssl.freeBio(bio);
  // The copy of the key is not needed any more.
  memory.fill(0);
  if (pointer === 0) return false;
  const result = use(pointer);
  free(pointer);
  return result === 1;
}

function check(condition: boolean, what: string): asserts condition {
  if (!condition)
    throw new EtherloomError('not-supported', `the OpenSSL in ${process.execPath} lacks ${what}; run etherloom by a Node from nodejs.org`);
}
