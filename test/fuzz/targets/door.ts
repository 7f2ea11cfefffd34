import { realClock } from '../../../src/clock.ts';
import { quietLog } from '../../../src/log.ts';
import type { PortEnvironment } from '../../../src/ports/environment.ts';
import { vdeFraming } from '../../../src/ports/pure/frame-stream.ts';
import type { ByteChannel } from '../../../src/ports/stream/byte-channel.ts';
import { decodeJoinMessage, encodeJoinMessage } from '../../../src/star/message-codec.ts';
import { maxJoinLine, type JoinMessage } from '../../../src/star/messages.ts';
import { decisiveLength, judgeFirstOctets } from '../../../src/star/node/first-octets.ts';
import { LineChannel } from '../../../src/star/node/line-channel.ts';
import { StreamRing } from '../../../src/system/stream-socket.ts';
import { fixture } from '../../wire/fixture.ts';
import { must, octetsOf, type Target } from '../target.ts';

const hello = octetsOf(encodeJoinMessage({ type: 'hello', key: 'a'.repeat(32), software: '0.3.0' }));
const alive = octetsOf(encodeJoinMessage({ type: 'alive', sent: 1, echo: 2, held: 3 }));

/** The first octets of a connection: they choose its protocol, the same one however they arrive. */
const firstOctets: Target = {
  name: 'first-octets',
  seeds: () => [
    fixture('tls/client-hello.bin'),
    fixture('tls/server-flight.bin'),
    hello,
    vdeFraming.greeting,
    octetsOf('# maintenance tonight\n'),
    octetsOf('GET / HTTP/1.1\r\n\r\n'),
    Uint8Array.of(0, 60, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
    Uint8Array.of(0x16, 3, 0, 0, 0, 2),
  ],
  words: () => [Uint8Array.of(0x16), Uint8Array.of(0x16, 3), Uint8Array.of(0x16, 3, 1, 2, 0, 1), Uint8Array.of(0x7b)],
  open: () => ({
    take(input) {
      const first = Buffer.from(input.subarray(0, decisiveLength)).toString('latin1');
      const isTls = /^\x16\x03[^]{3}\x01$/.test(first); // eslint-disable-line no-control-regex
      const expected = isTls ? 'tls' : first.startsWith('{') ? 'control' : 'link';
      const whole = judgeFirstOctets(input);
      const mayWait = input.length < decisiveLength && '\x16\x03'.startsWith(first.slice(0, 2));
      must(whole === expected || (mayWait && whole === 'undecided'), () => `${whole} is ${expected}`);
      for (let length = 0; length < decisiveLength; length++) {
        const kind = judgeFirstOctets(input.subarray(0, length));
        must(kind === 'undecided' || kind === whole, () => `${kind} after ${length} octets becomes ${whole}`);
      }
    },
  }),
};

/** The lines of a control connection, split anywhere. The first octet of an input says how it is split. */
const controlLines: Target = {
  name: 'control-lines',
  seeds: () => [
    Uint8Array.of(1, ...hello, ...alive),
    Uint8Array.of(200, ...hello, ...alive, ...alive),
    Uint8Array.of(5, ...hello, ...octetsOf('{"type":"shout"}\n'), ...alive),
    Uint8Array.of(9, ...alive, ...octetsOf(`{"type":"refusal","reason":"${'r'.repeat(maxJoinLine - 40)}","retry":false}\n`), ...alive),
    Uint8Array.of(30, ...alive, ...octetsOf('SSH-2.0-OpenSSH_9.2\r\n')),
    Uint8Array.of(30, ...alive, ...vdeFraming.greeting),
  ],
  words: () => ['\n', '{', '}', '"', ' {', '\ufeff', '\u009b', '"type":"alive"'].map(octetsOf),
  open: () => ({
    take(input) {
      const stream = input.subarray(1);
      const { messages, reason } = heard(stream, input[0] ?? 0);
      const expected = linesOf(stream);
      must(
        JSON.stringify(messages) === JSON.stringify(expected.messages),
        () => `${messages.length} of ${expected.messages.length} messages`,
      );
      must((reason !== undefined) === expected.isStrange, () => `it is ${expected.isStrange ? '' : 'not '}closed: ${reason}`);
      must(reason === undefined || !/[\p{Cc}\u2028\u202a-\u202e\u2066-\u2069]/u.test(reason), () => `${reason} is clean`);
    },
  }),
};

/** All that a stranger sends to a star's port besides TLS. */
export const doorTargets: readonly Target[] = [firstOctets, controlLines];

/** Returns the messages of a stream, by other code than the tested one, up to the first line that is none. */
function linesOf(stream: Uint8Array): { readonly messages: readonly JoinMessage[]; readonly isStrange: boolean } {
  const lines = Buffer.from(stream).toString('latin1').split('\n');
  const rest = lines.pop() ?? '';
  const messages: JoinMessage[] = [];
  for (const line of lines) {
    const message = mayBe(line) ? decodeJoinMessage(new TextDecoder().decode(Buffer.from(line, 'latin1'))) : undefined;
    if (!message) return { messages, isStrange: true };
    if (message.type !== 'unknown') messages.push(message);
  }
  return { messages, isStrange: rest !== '' && !mayBe(rest) };
}

function mayBe(line: string): boolean {
  return line.startsWith('{') && line.length <= maxJoinLine;
}

const ring = new StreamRing();

/** Returns the messages of a control connection on which these octets arrive, in pieces, and why it was closed. */
function heard(stream: Uint8Array, split: number): { readonly messages: JoinMessage[]; readonly reason: string | undefined } {
  const messages: JoinMessage[] = [];
  const deferred: (() => void)[] = [];
  let reason: string | undefined;
  let tell: Parameters<ByteChannel['watch']>[1] = () => undefined;
  let piece = stream.subarray(0, 0);
  const channel: ByteChannel = {
    receive(into) {
      if (piece.length === 0) return 'EAGAIN';
      into.octets.set(piece, into.next);
      const end = into.next + piece.length;
      piece = piece.subarray(piece.length);
      return end;
    },
    send: (_memory, start, end) => end - start,
    watch: (_interest, ready) => {
      tell = ready;
      return { want: () => undefined, [Symbol.dispose]: () => (tell = () => undefined) };
    },
    [Symbol.dispose]: () => undefined,
  };
  const clock = { ...realClock, defer: (run: () => void) => void deferred.push(run) };
  const environment = { clock, log: quietLog, loop: { streams: ring } } as unknown as PortEnvironment;
  new LineChannel(channel, environment).begin({
    heard: () => undefined,
    message: (message) => void messages.push(message),
    closed: (why) => (reason = why),
  });
  for (let from = 0, turn = split; from < stream.length;) {
    turn = (turn * 73 + 41) & 0xff;
    const end = Math.min(stream.length, from + 1 + (split < 128 ? turn : turn & 15) + (stream.length >> 5));
    ring.rewind(1);
    piece = stream.subarray(from, end);
    tell({ readable: true, writable: false, failed: false });
    ring.octets.fill(0xa5, 0, end - from);
    from = end;
  }
  for (const run of deferred) run();
  return { messages, reason };
}
