import { closeSync } from 'node:fs';
import { generateKeyPairSync } from 'node:crypto';
import { selfSign } from '../../../src/star/node/certificate.ts';
import { fixedMemory, openssl } from '../../../src/system/openssl.ts';
import { ownName } from '../../../src/system/socket-name.ts';
import { isReady, StreamMemory } from '../../../src/system/stream-socket.ts';
import { boundTcpSocket, connectTcp, tcpSocket } from '../../../src/system/tcp-socket.ts';
import { TlsContext } from '../../../src/system/tls-context.ts';
import { publicKeyOf, type TlsSession } from '../../../src/system/tls-session.ts';
import { accept, listen, type Fd } from '../../../src/system/unix-socket.ts';
import { fixture } from '../../wire/fixture.ts';
import { must, octetsOf, type Target, type Trial } from '../target.ts';

const host = '127.0.0.1';
const patience = 10_000;
const protocol = 'etherloom/link/1';

/** All that a stranger sends before its key is known: to an accepting end, to a dialling one, and as its certificate. */
export const tlsTargets: readonly Target[] = [
  {
    name: 'tls-accept',
    seeds: () => [hello(), fixture('tls/client-hello-12.bin'), concat(hello(), changeCipherSpec, sealed)],
    words,
    open: () => new Stranger((far) => context().accept(far)),
  },
  {
    name: 'tls-dial',
    seeds: () => [fixture('tls/server-flight.bin'), concat(changeCipherSpec, sealed), alert],
    words,
    open: () => new Stranger((far) => context().connect(far, protocol)),
  },
  { name: 'tls-certificate', seeds: () => [fixture('tls/certificate.der')], open: () => ({ take: takeCertificate }) },
];

const changeCipherSpec = Uint8Array.of(0x14, 3, 3, 0, 1, 1);
const sealed = Uint8Array.of(0x17, 3, 3, 0, 40, ...new Uint8Array(40).fill(0x5a));
const alert = Uint8Array.of(0x15, 3, 3, 0, 2, 2, 40);

/** The most octets that a stranger is told: an accepting end answers a good hello with its certificate. */
const mostTold = 2048;

function hello(): Uint8Array {
  return fixture('tls/client-hello.bin');
}

function words(): readonly Uint8Array[] {
  const extensions = [0x00, 0x0a, 0x0d, 0x10, 0x2b, 0x2d, 0x33, 0x29, 0x2a].map((type) => Uint8Array.of(0, type));
  return [
    octetsOf(protocol),
    Uint8Array.of(0x16, 3, 1),
    Uint8Array.of(0x17, 3, 3),
    changeCipherSpec,
    alert,
    Uint8Array.of(0x13, 1),
    ...extensions,
  ];
}

let made: TlsContext | undefined;

function context(): TlsContext {
  if (made) return made;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return (made = new TlsContext({ key, certificate: selfSign(privateKey) }, { alpn: [protocol] }));
}

/** Octets have arrived. [poll(2)] */
const POLLIN = 1;

const memory = new StreamMemory(2 ** 16);

/** A stranger at one end of a connection, which is used for all its inputs. */
class Stranger implements Trial {
  readonly #begin: (fd: Fd) => TlsSession;
  readonly #near: Fd;
  readonly #far: Fd;

  constructor(begin: (fd: Fd) => TlsSession) {
    this.#begin = begin;
    [this.#near, this.#far] = connection();
  }

  take(input: Uint8Array): void {
    using session = this.#begin(this.#far);
    memory.octets.set(input);
    if (input.length > 0) {
      must(memory.send(this.#near, 0, input.length) === input.length, () => 'the input has room');
      while (!isReady(this.#far, POLLIN));
    }
    for (let turn = 0; turn < 3; turn++) {
      const state = session.handshake();
      must(state !== 'done' && state !== 'needs-room', () => `it has proven a key: ${JSON.stringify(state)}`);
      must(typeof state === 'string' || state.failed.length > 0, () => 'a failure has a reason');
    }
    must(session.spki === undefined, () => 'there is no key');
    must(typeof memory.receiveFrom(session, 0, 1000) === 'string', () => 'nothing is delivered');
    const told = memory.receive(this.#near, 0, memory.octets.length);
    must(typeof told === 'string' || told <= mostTold, () => `it was told ${told} octets`);
    // Octets that were not read.
    memory.receive(this.#far, 0, memory.octets.length);
  }

  end(): void {
    closeSync(this.#near);
    closeSync(this.#far);
  }
}

/** Reads the key of a certificate as one that a far end has shown. */
function takeCertificate(input: Uint8Array): void {
  const ssl = openssl();
  const text = octetsOf(`-----BEGIN CERTIFICATE-----\n${Buffer.from(input).toString('base64')}\n-----END CERTIFICATE-----\n`);
  const bio = ssl.memoryBio(fixedMemory(text), text.length);
  const certificate = ssl.readCertificate(bio, 0, 0, new Uint8Array(1));
  ssl.freeBio(bio);
  if (certificate !== 0) {
    const key = publicKeyOf(ssl, certificate);
    must(key === undefined || (key.length > 0 && key.length <= input.length + 16), () => 'the key is a part of the certificate');
    ssl.freeCertificate(certificate);
  }
  ssl.clearErrors();
}

/** Returns two ends of a connection. */
function connection(): [Fd, Fd] {
  const listener = boundTcpSocket(host, 0, patience);
  listen(listener, 1);
  const near = tcpSocket(host, patience);
  connectTcp(near, host, ownName(listener).port);
  let far = accept(listener);
  while (far === undefined) far = accept(listener);
  closeSync(listener);
  return [near, far];
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}
