import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect, it, onTestFinished } from 'vitest';
import { vdeFraming } from '../../../src/ports/pure/frame-stream.ts';
import { encodeJoinMessage } from '../../../src/star/message-codec.ts';
import { decisiveLength, judgeFirstOctets, lengthOfHello, type FirstOctets } from '../../../src/star/node/first-octets.ts';

const octets = (...parts: readonly (number | string | Uint8Array)[]): Uint8Array =>
  new Uint8Array(Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.from([part]) : Buffer.from(part)))));

/** A frame of 5,635 octets to the station 00:00:00:01:…: the only kind of frame that begins like TLS. */
const likeTls = octets(0x16, 0x03, 0, 0, 0, 1, 0, 0);

it.each<[string, Uint8Array, FirstOctets]>([
  ['nothing', octets(), 'undecided'],
  ['a hello', octets(encodeJoinMessage({ type: 'hello', key: 'a'.repeat(32) })), 'control'],
  ['a brace', octets('{'), 'control'],
  ['HTTP', octets('GET / HTTP/1.1\r\n\r\n'), 'link'],
  ['a banner', octets('# welcome'), 'link'],
  ['the greeting', vdeFraming.greeting, 'link'],
  ['a frame of 60 octets', octets(0, 60, new Uint8Array(60)), 'link'],
  ['a frame of 5,635 octets', octets(0x16, 0x03, 0, 0, 0, 2), 'link'],
  ['one like TLS', likeTls, 'tls'],
  ['a frame of 5,636 octets', octets(0x16, 0x04), 'link'],
  ['an alert', octets(0x15, 0x03, 0x03, 0, 2, 1), 'link'],
  ['a ServerHello', octets(0x16, 0x03, 0x03, 0, 90, 2), 'link'],
])('tells %s', (_what, first, kind) => {
  expect(judgeFirstOctets(first)).toBe(kind);
});

it('never decides otherwise when there are more octets', () => {
  for (const whole of [likeTls, vdeFraming.greeting, octets('{"type":'), octets(0x16, 0x03, 1, 1, 1, 2), octets(0x16, 0x01)]) {
    const final = judgeFirstOctets(whole.subarray(0, decisiveLength));
    expect(final).not.toBe('undecided');
    for (let length = 0; length < decisiveLength; length++) {
      expect(['undecided', final]).toContain(judgeFirstOctets(whole.subarray(0, length)));
    }
  }
});

it('tells the ClientHello of TLS in Node', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connectTls({ socket: connect(port, '127.0.0.1'), rejectUnauthorized: false });
  client.on('error', () => undefined);
  onTestFinished(() => void client.destroy());
  const [socket] = (await once(server, 'connection')) as [Socket];
  onTestFinished(() => void socket.destroy());
  const [hello] = (await once(socket, 'data')) as [Buffer];
  expect(judgeFirstOctets(hello.subarray(0, decisiveLength))).toBe('tls');
});

it('tells how long a ClientHello is, and waits for no more than 4,096 octets', () => {
  expect(lengthOfHello(octets(0x16, 3, 1, 2, 0, 1))).toBe(5 + 512);
  expect(lengthOfHello(octets(0x16, 3, 1, 0, 0, 1))).toBe(5);
  expect(lengthOfHello(octets(0x16, 3, 1, 0xff, 0xff, 1))).toBe(4096);
});
