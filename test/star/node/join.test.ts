import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { logTo } from '../../../src/log.ts';
import { realClock, type Clock } from '../../../src/clock.ts';
import type { EtherloomError } from '../../../src/errors.ts';
import { JoinClient } from '../../../src/star/node/join-client.ts';
import { decodeJoinMessage, encodeJoinMessage } from '../../../src/star/message-codec.ts';
import type { PlainHello, JoinMessage, Welcome } from '../../../src/star/messages.ts';
import { JoinServer, type JoinServerOptions } from '../../../src/star/node/join-server.ts';
import { macOfId } from '../../../src/star/identity.ts';
import { parseTcpAddress } from '../../../src/ports/tcp-address.ts';
import { parseIpv4Network } from '../../../src/wire/ipv4.ts';
import { eventually } from '../../eventually.ts';
import { ManualClock } from '../../manual-clock.ts';

const key = (digit: string): string => digit.repeat(32);
const hello = (digit = 'a'): PlainHello => ({ type: 'hello', key: key(digit) });

function welcome(id: number): Welcome {
  const network = parseIpv4Network('10.77.0.0/24');
  if (!network) throw new Error('network');
  return { type: 'welcome', id, mac: macOfId(id), network, mtu: 1500, linkPort: 7000 };
}

/** Returns a server that gives each key's first digit as the id. */
async function serve(
  options: Partial<JoinServerOptions> = {},
  clock: Clock = realClock,
): Promise<{ server: JoinServer; logged: string[] }> {
  const logged: string[] = [];
  const decide = async ({ key }: PlainHello): Promise<Welcome> => Promise.resolve(welcome(parseInt(key.charAt(0), 16)));
  const server = await JoinServer.open(
    { listen: { host: '127.0.0.1', port: 0 }, welcome: decide, ...options },
    { clock, log: logTo((message) => void logged.push(message)) },
  );
  onTestFinished(() => server[Symbol.asyncDispose]());
  return { server, logged };
}

/** The slave's side by hand. */
class Line {
  readonly socket: Socket;
  text = '';

  constructor(server: JoinServer) {
    this.socket = connect(parseTcpAddress(server.address).port, '127.0.0.1').setEncoding('utf8');
    this.socket.on('data', (text: string) => (this.text += text));
    this.socket.on('error', () => undefined);
    onTestFinished(() => void this.socket.destroy());
  }

  /** All messages so far. */
  get messages(): readonly (JoinMessage | undefined)[] {
    return this.text.split('\n').slice(0, -1).map(decodeJoinMessage);
  }

  async until(type: JoinMessage['type']): Promise<JoinMessage> {
    return eventually(() => {
      const message = this.messages.find((one) => one?.type === type);
      if (!message) throw new Error(`no ${type} in ${this.text}`);
      return message;
    });
  }

  get closed(): Promise<unknown> {
    return this.socket.closed ? Promise.resolve() : once(this.socket, 'close');
  }
}

describe('where slaves ask', () => {
  it('they are told what they need, and shown signs of life', async () => {
    const { server, logged } = await serve();
    const line = new Line(server);
    line.socket.write(encodeJoinMessage(hello('3')));
    expect(await line.until('welcome')).toEqual(welcome(3));
    await line.until('alive');
    expect(logged).toEqual([expect.stringMatching(/^slave 3 at 127\.0\.0\.1:\d+ joined$/)]);
    line.socket.end();
    await line.closed;
    await eventually(() => expect(logged[1]).toMatch(/^slave 3 .* left: /));
  });

  it.each([
    ['garbage', 'GET / HTTP/1.1\r\n\r\n'],
    ['a line without end', 'x'.repeat(5000)],
    ['a line that is too long', `${' '.repeat(5000)}{"type":"alive"}\n`],
    ['a welcome', encodeJoinMessage(welcome(1))],
    ['a key that is none', '{"type":"hello","version":1,"key":"../../etc"}\n'],
    ['another version', `{"type":"hello","version":2,"key":"${key('a')}"}\n`],
    ['zeros', '\0'.repeat(10_000)],
  ])('%s ends the connection, and no other', async (_what, text) => {
    const { server } = await serve();
    const good = new Line(server);
    good.socket.write(encodeJoinMessage(hello('1')));
    await good.until('welcome');
    const bad = new Line(server);
    bad.socket.write(text);
    await bad.closed;
    expect(bad.messages.some((message) => message?.type === 'welcome')).toBe(false);
    const next = new Line(server);
    next.socket.write(encodeJoinMessage(hello('2')));
    await next.until('welcome');
    expect(good.socket.closed).toBe(false);
  });

  it('a message may come octet by octet, and several at once', async () => {
    const { server } = await serve();
    const slow = new Line(server);
    for (const octet of encodeJoinMessage(hello('2'))) slow.socket.write(octet);
    await slow.until('welcome');
    const fast = new Line(server);
    fast.socket.write(encodeJoinMessage({ type: 'alive' }) + encodeJoinMessage(hello('4')) + encodeJoinMessage({ type: 'alive' }));
    expect(await fast.until('welcome')).toMatchObject({ id: 4 });
  });

  it('who asks twice is ended, and gets nothing by the rest of what he said', async () => {
    const asked: string[] = [];
    const { server } = await serve({
      async welcome({ key }) {
        asked.push(key.charAt(0));
        return Promise.resolve({ type: 'refusal', reason: 'no', retry: false });
      },
    });
    const line = new Line(server);
    line.socket.write(['1', '2', '3'].map((digit) => encodeJoinMessage(hello(digit))).join(''));
    await line.closed;
    expect(asked).toEqual(['1']);
    expect(line.messages).toEqual([]);
  });

  it('two that are alive cannot have one id; the second may try again', async () => {
    const { server, logged } = await serve();
    const [first, second] = [new Line(server), new Line(server)];
    first.socket.write(encodeJoinMessage(hello('1')));
    await first.until('welcome');
    second.socket.write(encodeJoinMessage(hello('1')));
    expect(await second.until('refusal')).toMatchObject({ retry: true });
    await second.closed;
    first.socket.destroy();
    await eventually(() => expect(logged.at(-1)).toMatch(/^slave 1 .* left/));
    const third = new Line(server);
    third.socket.write(encodeJoinMessage(hello('1')));
    await third.until('welcome');
  });

  it('a twin is refused while the decision takes its time, and who leaves meanwhile was never in', async () => {
    const decided: (() => void)[] = [];
    const { server, logged } = await serve({
      welcome: () => new Promise((resolve) => decided.push(() => resolve(welcome(decided.length)))),
    });
    const [first, twin] = [new Line(server), new Line(server)];
    first.socket.write(encodeJoinMessage(hello()));
    await eventually(() => expect(decided).toHaveLength(1));
    twin.socket.write(encodeJoinMessage(hello()));
    expect(await twin.until('refusal')).toMatchObject({ retry: true, reason: expect.stringContaining('is alive at') as string });
    await twin.closed;
    first.socket.destroy();
    const second = new Line(server);
    await eventually(() => {
      second.socket.write(encodeJoinMessage(hello()));
      expect(decided).toHaveLength(2);
    });
    decided[0]?.();
    decided[1]?.();
    expect(await second.until('welcome')).toMatchObject({ id: 2 });
    expect(logged.filter((line) => line.endsWith(' joined'))).toEqual([expect.stringMatching(/^slave 2 /)]);
  });

  it('a decision that cannot be kept is a refusal for now, and the server goes on', async () => {
    let full = true;
    const { server } = await serve({
      async welcome() {
        if (full) throw new Error('ENOSPC: no space left on device');
        return Promise.resolve(welcome(1));
      },
    });
    const line = new Line(server);
    line.socket.write(encodeJoinMessage(hello()));
    expect(await line.until('refusal')).toMatchObject({ retry: true, reason: expect.stringContaining('ENOSPC') as string });
    full = false;
    const again = new Line(server);
    again.socket.write(encodeJoinMessage(hello()));
    await again.until('welcome');
  });

  it('who says nothing is ended', async () => {
    const clock = new ManualClock();
    const { server } = await serve({ helloTimeout: 3000 }, clock);
    const line = new Line(server);
    await eventually(() => expect(clock.timers).toBe(2));
    clock.advance(3000);
    await line.closed;
    // The warning waits for repetitions.
    clock.advanceSeconds(60);
    expect(clock.timers).toBe(0);
  });

  it('who falls silent after he joined is ended after 5 s, and his id is free', async () => {
    const clock = new ManualClock();
    const { server, logged } = await serve({}, clock);
    const line = new Line(server);
    line.socket.write(encodeJoinMessage(hello('1')));
    await line.until('welcome');
    clock.advance(5000);
    line.socket.write(encodeJoinMessage({ type: 'alive' }));
    await eventually(() => expect(line.messages.filter((message) => message?.type === 'alive').length).toBe(5));
    clock.advance(7000);
    await line.closed;
    expect(logged.at(-1)).toContain('nothing was received for 5 s');
    const next = new Line(server);
    next.socket.write(encodeJoinMessage(hello('1')));
    await next.until('welcome');
  });

  it('no more are let in than there may be, which the log says', async () => {
    const { server, logged } = await serve({ maxConnections: 2 });
    const lines = [new Line(server), new Line(server)];
    lines.forEach((line, i) => line.socket.write(encodeJoinMessage(hello(String(i + 1)))));
    await Promise.all(lines.map((line) => line.until('welcome')));
    const extra = new Line(server);
    await extra.closed;
    expect(extra.text).toBe('');
    await eventually(() => expect(logged).toContain('refused a control connection: there are 2 already; raise --max-links'));
  });
});

describe('a slave that asks', () => {
  interface Asked {
    readonly client: JoinClient;
    readonly welcomes: Welcome[];
    readonly refusals: EtherloomError[];
    readonly logged: string[];
    /** An entry for each connection that was lost after the slave had joined. */
    readonly losses: string[];
  }

  function ask(port: number, clock: Clock = realClock): Asked {
    const asked = { welcomes: [] as Welcome[], refusals: [] as EtherloomError[], logged: [] as string[], losses: [] as string[] };
    const client = new JoinClient(
      {
        master: { host: '127.0.0.1', port },
        hello: () => hello('5'),
        welcomed: (message) => void asked.welcomes.push(message),
        lost: () => void asked.losses.push('lost'),
        refused: (error) => void asked.refusals.push(error),
      },
      { clock, log: logTo((message) => void asked.logged.push(message)) },
    );
    onTestFinished(() => client[Symbol.dispose]());
    return { ...asked, client };
  }

  it('asks until it is let in, and again after each loss, and says why it waits once', async () => {
    const { server } = await serve();
    const { port } = parseTcpAddress(server.address);
    await server[Symbol.asyncDispose]();
    const asked = ask(port);
    await eventually(() => expect(asked.logged).toEqual([expect.stringContaining('ECONNREFUSED')]));
    const { server: second } = await serve({ listen: { host: '127.0.0.1', port } });
    await eventually(() => expect(asked.welcomes).toEqual([welcome(5)]));
    expect(asked.losses).toEqual([]);
    await second[Symbol.asyncDispose]();
    await serve({ listen: { host: '127.0.0.1', port } });
    await eventually(() => expect(asked.welcomes.length).toBe(2));
    expect(asked.losses).toEqual(['lost']);
    expect(asked.refusals).toEqual([]);
  });

  it('stops at a refusal for good, and not at one for now', async () => {
    let retry = true;
    const { server } = await serve({
      async welcome() {
        const answer = { type: 'refusal', reason: `retry ${retry}`, retry } as const;
        retry = false;
        return Promise.resolve(answer);
      },
    });
    const asked = ask(parseTcpAddress(server.address).port);
    await eventually(() => expect(asked.refusals.map(({ message }) => message)).toEqual([expect.stringContaining('retry false')]));
    expect(asked.refusals[0]?.code).toBe('refused');
    expect(asked.logged).toEqual([expect.stringContaining('retry true')]);
  });

  it('leaves a master that says nothing, or makes no sense', async () => {
    const connections: Socket[] = [];
    const server = createServer((socket) => {
      connections.push(socket);
      if (connections.length === 1) socket.write('SSH-2.0-OpenSSH\r\n');
    }).listen(0, '127.0.0.1');
    onTestFinished(() => {
      for (const socket of connections) socket.destroy();
      server.close();
    });
    await once(server, 'listening');
    const clock = new ManualClock();
    const asked = ask((server.address() as AddressInfo).port, clock);
    await eventually(() =>
      expect(asked.logged).toEqual([
        expect.stringMatching(
          /^no master at control port .*: it sent "SSH-2\.0-OpenSSH", which is not the control protocol; check --master: .*; trying again$/,
        ),
      ]),
    );
    clock.advance(100);
    await eventually(() => expect(connections.length).toBe(2));
    clock.advance(7000);
    await eventually(() => expect(asked.logged.at(-1)).toContain('nothing was received for 5 s'));
    asked.client[Symbol.dispose]();
  });
});
