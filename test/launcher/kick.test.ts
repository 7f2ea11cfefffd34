import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Master } from '../../src/launcher/master.ts';
import { parseTcpAddress } from '../../src/ports/tcp-address.ts';
import { parseLine } from '../../src/star/line.ts';
import { encodeJoinMessage } from '../../src/star/message-codec.ts';
import type { Hello } from '../../src/star/messages.ts';
import { starProtocols, type StarProtocol } from '../../src/star/node/handshake.ts';
import { newIdentity, type Identity } from '../../src/star/node/identity-files.ts';
import type { Token } from '../../src/star/token.ts';
import { eventually } from '../eventually.ts';
import { Nodes } from './nodes.ts';

/** The part of a connection that a gate lets pass before it is opened. */
type Pass = 'half of its ClientHello' | 'its ClientHello';

/** A way to a master that holds what a member says from some octet on. */
class Gate {
  /** Resolves when something is held. */
  readonly held: Promise<void>;
  port = 0;
  #open: () => void = () => undefined;

  private constructor(master: number, pass: Pass) {
    const opened = new Promise<void>((resolve) => (this.#open = resolve));
    this.held = new Promise((resolve) => {
      const server = createServer((near) => {
        const far = connect(master, '127.0.0.1');
        for (const end of [near, far]) end.on('error', () => undefined);
        onTestFinished(() => {
          near.destroy();
          far.destroy();
        });
        far.pipe(near);
        let room = pass === 'its ClientHello' ? Infinity : 40;
        // The master answers a whole ClientHello.
        far.once('data', () => (room = 0));
        near.on('data', (octets: Buffer) => {
          const now = octets.subarray(0, room);
          room -= now.length;
          far.write(now);
          if (now.length === octets.length) return;
          resolve();
          void opened.then(() => far.write(octets.subarray(now.length)));
        });
      }).listen(0, '127.0.0.1', () => (this.port = (server.address() as AddressInfo).port));
      onTestFinished(() => void server.close());
    });
  }

  static async before(master: Master, pass: Pass): Promise<Gate> {
    const gate = new Gate(parseTcpAddress(master.link).port, pass);
    await eventually(() => expect(gate.port).toBeGreaterThan(0));
    return gate;
  }

  open(): void {
    this.#open();
  }
}

/** A connection of a member, by hand. */
class Member {
  readonly socket: TLSSocket;
  told = '';
  /** Resolves to all that the master said inside TLS, once that has ended the connection. */
  readonly closed: Promise<string>;

  constructor({ certificate: cert, key }: Identity, protocol: StarProtocol, port: number) {
    this.socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, cert, key, ALPNProtocols: [protocol] });
    this.socket.on('error', () => undefined);
    this.socket.on('data', (octets: Buffer) => (this.told += octets.toString()));
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve(this.told)));
    onTestFinished(() => void this.socket.destroy());
  }

  say(hello: Partial<Hello>): this {
    this.socket.write(encodeJoinMessage({ type: 'hello', software: '0.3.0', ...hello }));
    return this;
  }

  async hears(text: string): Promise<this> {
    await eventually(() => expect(this.told).toContain(text));
    return this;
  }
}

const { control, link } = starProtocols;
const barred = '"code":"barred"';

/** A master with a member, whose token is good for more of them. */
async function scene(): Promise<{ nodes: Nodes; master: Master; port: number; identity: Identity; token: Token }> {
  const nodes = new Nodes();
  const master = await nodes.master();
  const { port } = parseTcpAddress(master.link);
  const [line = ''] = await master.newLines({ uses: 'any' });
  const { token } = parseLine(line);
  const identity = await newIdentity();
  const member = await new Member(identity, control, port).say({ token }).hears('"type":"welcome"');
  member.socket.destroy();
  await nodes.says(/^slave 1 at .* left/, 0);
  return { nodes, master, port, identity, token };
}

describe('a member that is kicked', () => {
  it.each(['half of its ClientHello', 'its ClientHello'] as const)(
    'when the master has %s, is refused at the end of the handshake: control and link',
    async (pass) => {
      const { nodes, master, identity } = await scene();
      const gates = [await Gate.before(master, pass), await Gate.before(master, pass)] as const;
      const joining = new Member(identity, control, gates[0].port).say({});
      const linking = new Member(identity, link, gates[1].port);
      await Promise.all(gates.map(({ held }) => held));
      await master.kick(1);
      for (const gate of gates) gate.open();
      expect(await joining.closed).toContain(barred);
      expect(joining.told).not.toContain('welcome');
      expect(await linking.closed).toBe('');
      await nodes.says(/^refused the link from .*: its key is barred$/, 0);
    },
  );

  it('between its handshake and its hello, is refused', async () => {
    const { master, port, identity } = await scene();
    const joining = new Member(identity, control, port);
    await once(joining.socket, 'secureConnect');
    await master.kick(1);
    expect(await joining.say({}).closed).toContain(barred);
  });

  it('once it is welcomed and linked, is told, and has neither connection any more', async () => {
    const { master, port, identity } = await scene();
    const joining = await new Member(identity, control, port).say({}).hears('"type":"welcome"');
    const linking = new Member(identity, link, port);
    await eventually(() => expect(linking.told.length).toBeGreaterThan(0));
    await master.kick(1);
    expect(await joining.closed).toContain('"type":"kicked"');
    await linking.closed;
  });

  it('stays out for good: with its key, also after the master was started again, and with its line and a new key', async () => {
    const { nodes, master, identity, token } = await scene();
    await master.kick(1);
    const again = async (at: Master): Promise<readonly string[]> => {
      const { port } = parseTcpAddress(at.link);
      const links = await new Member(identity, link, port).closed;
      const joins = [
        new Member(identity, control, port).say({ token }),
        new Member(await newIdentity(), control, port).say({ token }),
      ] as const;
      return [links, await joins[0].closed, await joins[1].closed];
    };
    const out = ['', expect.stringContaining(barred) as string, expect.stringMatching(/"refusal".*was revoked.*"code":"token"/) as string];
    expect(await again(master)).toEqual(out);
    await master[Symbol.asyncDispose]();
    expect(await again(await nodes.again(master))).toEqual(out);
  });
});
