/**
 * The TLS of the OpenSSL inside the node binary: its functions, with types. Node exports them for native addons, and no package is needed.
 * Only this room uses them. Pointers are numbers. A wrong signature or a freed pointer crashes the process, so all declarations are here.
 */
import koffi from 'koffi';
import { EtherloomError } from '../errors.ts';
import { addressOf } from './libc.ts';

type Pointer = number;
type Memory = Uint8Array | null;

/** Returns the wanted protocol of those that a client offers. The numbers are addresses. */
type AlpnChoice = (ssl: Pointer, out: Pointer, outLength: Pointer, offered: Pointer, offeredLength: number, own: Pointer) => number;

/** The functions, as declared in OpenSSL 3.0 to 3.5. Their names there are in `declarations`. */
interface Functions {
  readonly newContext: (method: Pointer) => Pointer;
  readonly method: () => Pointer;
  readonly freeContext: (context: Pointer) => void;
  readonly controlContext: (context: Pointer, command: number, number: number, argument: Pointer) => number;
  readonly controlContextByText: (context: Pointer, command: number, number: number, text: string) => number;
  readonly setSuites: (context: Pointer, suites: string) => number;
  readonly setTickets: (context: Pointer, count: number) => number;
  readonly setVerify: (context: Pointer, mode: number, callback: Pointer) => void;
  readonly setCertificateCheck: (context: Pointer, callback: unknown, argument: Pointer) => void;
  readonly setReadBuffer: (context: Pointer, size: number) => void;
  readonly setAlpnChoice: (context: Pointer, callback: unknown, argument: Pointer) => void;
  readonly useKey: (context: Pointer, key: Pointer) => number;
  readonly useCertificate: (context: Pointer, certificate: Pointer) => number;
  readonly checkKey: (context: Pointer) => number;
  readonly memoryBio: (octets: Uint8Array, length: number) => Pointer;
  readonly freeBio: (bio: Pointer) => number;
  readonly readKey: (bio: Pointer, into: Pointer, callback: Pointer, password: Uint8Array) => Pointer;
  readonly freeKey: (key: Pointer) => void;
  readonly readCertificate: (bio: Pointer, into: Pointer, callback: Pointer, password: Uint8Array) => Pointer;
  readonly freeCertificate: (certificate: Pointer) => void;
  readonly newSession: (context: Pointer) => Pointer;
  readonly freeSession: (ssl: Pointer) => void;
  readonly setDescriptor: (ssl: Pointer, fd: number) => number;
  readonly setAccepting: (ssl: Pointer) => void;
  readonly setConnecting: (ssl: Pointer) => void;
  /** Returns 0 on success, unlike the others. */
  readonly offerAlpn: (ssl: Pointer, protocols: Uint8Array, length: number) => number;
  readonly handshake: (ssl: Pointer) => number;
  readonly read: (ssl: Pointer, memory: Pointer, room: number) => number;
  readonly write: (ssl: Pointer, memory: Pointer, length: number) => number;
  readonly hasPending: (ssl: Pointer) => number;
  readonly updateKey: (ssl: Pointer, answer: number) => number;
  readonly shutdown: (ssl: Pointer) => number;
  readonly errorOf: (ssl: Pointer, result: number) => number;
  readonly selectedAlpn: (ssl: Pointer, data: Uint8Array, length: Uint8Array) => void;
  readonly peerCertificate: (ssl: Pointer) => Pointer;
  readonly publicKeyOf: (certificate: Pointer) => Pointer;
  readonly encodePublicKey: (key: Pointer, out: Memory) => number;
  readonly selectProtocol: (out: Pointer, outLength: Pointer, own: Pointer, ownLength: number, offered: Pointer, length: number) => number;
  readonly nextError: () => number;
  readonly reasonOfError: (error: number) => string | null;
  readonly clearErrors: () => void;
}

/** The functions, and the callbacks that are made of functions of ours. */
export interface OpenSsl extends Functions {
  /** Makes a function that OpenSSL can call with the octets of a list of own protocols as its last argument. */
  readonly alpnChoice: (choose: AlpnChoice) => unknown;
  /** The certificate check of a context that accepts all: the key is judged after the handshake. */
  readonly acceptAll: unknown;
}

/** The declarations in C. */
const declarations: Readonly<Record<keyof Functions, string>> = {
  newContext: 'uintptr_t SSL_CTX_new(uintptr_t)',
  method: 'uintptr_t TLS_method()',
  freeContext: 'void SSL_CTX_free(uintptr_t)',
  controlContext: 'long SSL_CTX_ctrl(uintptr_t, int, long, uintptr_t)',
  controlContextByText: 'long SSL_CTX_ctrl(uintptr_t, int, long, const char *)',
  setSuites: 'int SSL_CTX_set_ciphersuites(uintptr_t, const char *)',
  setTickets: 'int SSL_CTX_set_num_tickets(uintptr_t, size_t)',
  setVerify: 'void SSL_CTX_set_verify(uintptr_t, int, uintptr_t)',
  setCertificateCheck: 'void SSL_CTX_set_cert_verify_callback(uintptr_t, void *, uintptr_t)',
  setReadBuffer: 'void SSL_CTX_set_default_read_buffer_len(uintptr_t, size_t)',
  setAlpnChoice: 'void SSL_CTX_set_alpn_select_cb(uintptr_t, void *, uintptr_t)',
  useKey: 'int SSL_CTX_use_PrivateKey(uintptr_t, uintptr_t)',
  useCertificate: 'int SSL_CTX_use_certificate(uintptr_t, uintptr_t)',
  checkKey: 'int SSL_CTX_check_private_key(uintptr_t)',
  memoryBio: 'uintptr_t BIO_new_mem_buf(void *, int)',
  freeBio: 'int BIO_free(uintptr_t)',
  readKey: 'uintptr_t PEM_read_bio_PrivateKey(uintptr_t, uintptr_t, uintptr_t, void *)',
  freeKey: 'void EVP_PKEY_free(uintptr_t)',
  readCertificate: 'uintptr_t PEM_read_bio_X509(uintptr_t, uintptr_t, uintptr_t, void *)',
  freeCertificate: 'void X509_free(uintptr_t)',
  newSession: 'uintptr_t SSL_new(uintptr_t)',
  freeSession: 'void SSL_free(uintptr_t)',
  setDescriptor: 'int SSL_set_fd(uintptr_t, int)',
  setAccepting: 'void SSL_set_accept_state(uintptr_t)',
  setConnecting: 'void SSL_set_connect_state(uintptr_t)',
  offerAlpn: 'int SSL_set_alpn_protos(uintptr_t, void *, uint)',
  handshake: 'int SSL_do_handshake(uintptr_t)',
  read: 'int SSL_read(uintptr_t, uintptr_t, int)',
  write: 'int SSL_write(uintptr_t, uintptr_t, int)',
  hasPending: 'int SSL_has_pending(uintptr_t)',
  updateKey: 'int SSL_key_update(uintptr_t, int)',
  shutdown: 'int SSL_shutdown(uintptr_t)',
  errorOf: 'int SSL_get_error(uintptr_t, int)',
  selectedAlpn: 'void SSL_get0_alpn_selected(uintptr_t, void *, void *)',
  peerCertificate: 'uintptr_t SSL_get1_peer_certificate(uintptr_t)',
  publicKeyOf: 'uintptr_t X509_get_X509_PUBKEY(uintptr_t)',
  encodePublicKey: 'int i2d_X509_PUBKEY(uintptr_t, void *)',
  selectProtocol: 'int SSL_select_next_proto(uintptr_t, uintptr_t, uintptr_t, uint, uintptr_t, uint)',
  nextError: 'ulong ERR_get_error()',
  reasonOfError: 'const char *ERR_reason_error_string(ulong)',
  clearErrors: 'void ERR_clear_error()',
};

let loaded: OpenSsl | undefined;

/**
 * Returns the functions; they are looked up by the first call, so that a switch without TLS pays nothing. Throws EtherloomError
 * `not-supported` if the node binary does not export them.
 */
export function openssl(): OpenSsl {
  return (loaded ??= load());
}

/** Looks up the functions. `declare` takes a declaration in C; it is an argument for tests. */
export function load(declare: (prototype: string) => unknown = (prototype) => koffi.load(null).func(prototype)): OpenSsl {
  const find = (prototype: string): unknown => {
    try {
      return declare(prototype);
    } catch (error) {
      throw unsupported(error);
    }
  };
  const version = (find('ulong OpenSSL_version_num()') as () => number)();
  if (version < oldest) throw unsupported(new Error(`its OpenSSL is 0x${version.toString(16)}, older than 3.0`));
  const functions = Object.fromEntries(Object.entries(declarations).map(([name, prototype]) => [name, find(prototype)]));
  return {
    ...(functions as unknown as Functions),
    alpnChoice: (choose) => callback('int (uintptr_t, uintptr_t, uintptr_t, uintptr_t, uint, uintptr_t)', choose),
    acceptAll: callback('int (uintptr_t, uintptr_t)', () => 1),
  };
}

/** OpenSSL 3.0.0, as its version number says it. [OpenSSL_version_num(3)] */
const oldest = 0x3000_0000;

function unsupported(cause: unknown): EtherloomError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new EtherloomError(
    'not-supported',
    `cannot use the TLS of OpenSSL in ${process.execPath} (Node ${process.versions.node}): ${reason}; run etherloom by a Node from nodejs.org, which exports it`,
    { cause },
  );
}

/** Returns a pointer to a function of ours, which stays registered while the process lives. OpenSSL calls it on the thread of its caller. */
function callback(prototype: string, run: (...values: never[]) => number): unknown {
  return koffi.register(run, koffi.pointer(koffi.proto(prototype)));
}

/** The least length of memory whose address may be taken: see `addressOf`. */
const leastMemory = 65;

/** Returns new memory with a fixed address, that holds `octets`, filled with zeros to at least 65 octets. */
export function fixedMemory(octets: Uint8Array): Uint8Array {
  const memory = new Uint8Array(Math.max(octets.length, leastMemory));
  memory.set(octets);
  return memory;
}

/** Returns memory that holds the address of `target`, for functions that take a pointer to a pointer. Both must be kept. */
export function pointerTo(target: Uint8Array): Uint8Array {
  const memory = new Uint8Array(leastMemory);
  new DataView(memory.buffer).setBigUint64(0, BigInt(addressOf(target)), true);
  return memory;
}

/** Copies `length` octets at an address that OpenSSL has told. */
export function copyFrom(address: number, length: number): Uint8Array {
  return koffi.decode(address, 'uint8_t', length) as Uint8Array;
}
