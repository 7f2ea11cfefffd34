import { once } from 'node:events';
import { createServer as createPlainServer, type AddressInfo } from 'node:net';
import { connect as connectTls, createServer } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { vdeFraming } from '../../../src/ports/pure/frame-stream.ts';
import { encodeJoinMessage } from '../../../src/star/message-codec.ts';
import type { Hello } from '../../../src/star/messages.ts';
import { judgeFirstOctets } from '../../../src/star/node/first-octets.ts';
import { starProtocols } from '../../../src/star/node/handshake.ts';
import { newIdentity, type Identity } from '../../../src/star/node/identity-files.ts';
import { dialControl } from '../../../src/star/node/star-dial.ts';
import type { Token } from '../../../src/star/token.ts';
import { eventually } from '../../eventually.ts';
import { masterRig, type MasterRig } from '../master-rig.ts';
import { DoorStage, welcome } from './door-stage.ts';
import { visit } from './visitor.ts';

const { control, link } = starProtocols;
const day = 24 * 3600;
const again = 'join by a new line (\\"etherloom token new\\" at the master)';
/** A refusal, octet by octet. */
const refusal = (reason: string, code = 'token'): string => `{"type":"refusal","reason":"${reason}","retry":false,"code":"${code}"}\n`;

/** A door with the engine of a master. */
class Scene {
  readonly rig: MasterRig;
  readonly stage: DoorStage;

  private constructor(rig: MasterRig, stage: DoorStage) {
    this.rig = rig;
    this.stage = stage;
  }

  static async open(): Promise<Scene> {
    const rig = await masterRig();
    const { engine } = rig;
    const stage = await DoorStage.open({
      admit: (key) => engine.mayLink(key),
      control: (caller, channel) => engine.accept(caller, channel),
    });
    return new Scene(rig, stage);
  }

  /** Says hello with a key, and returns all that the master answers until it ends the connection. */
  async told(identity: Identity, hello: Partial<Hello>): Promise<string> {
    const { certificate: cert, key } = identity;
    const words = encodeJoinMessage({ type: 'hello', software: '0.3.0', ...hello });
    const seen = await visit(this.stage.door.port, { cert, key, ALPNProtocols: [control] }, Buffer.from(words));
    return seen.inside.toString();
  }

  /** Joins with a key, and leaves the connection. Returns the welcome. */
  async join(identity: Identity, hello: Partial<Hello>): Promise<Record<string, unknown>> {
    const { certificate: cert, key } = identity;
    const socket = connectTls({
      port: this.stage.door.port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      cert,
      key,
      ALPNProtocols: [control],
    });
    socket.on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
    socket.write(encodeJoinMessage({ type: 'hello', software: '0.3.0', ...hello }));
    const [line] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    await eventually(() => expect(this.rig.engine.joined).toBe(0));
    return JSON.parse(line.toString()) as Record<string, unknown>;
  }

  /** Expects that no one was let in, and no link is taken of that key. */
  hasKeptOut({ fingerprint }: Identity, members = 0): void {
    expect(this.rig.engine.size).toBe(members);
    expect(this.rig.engine.mayLink(fingerprint).admit).toBe(false);
    expect(this.stage.ports.ports).toEqual([]);
  }
}

/** Returns a token, and the identity of a stranger who has it. */
async function theft(scene: Scene, uses: number | 'any' = 1): Promise<{ token: Token; thief: Identity }> {
  const { token } = await scene.rig.engine.newToken({ uses });
  return { token, thief: await newIdentity() };
}

describe('a stranger with a key of its own is told', () => {
  it('to join by a line, when it has no token', async () => {
    const scene = await Scene.open();
    const stranger = await newIdentity();
    expect(await scene.told(stranger, {})).toBe(refusal(`the group does not know this key; ${again}`, 'unknown'));
    scene.hasKeptOut(stranger);
  });

  it('that its token is not valid, when it guesses one, or the secret of one', async () => {
    const scene = await Scene.open();
    const { token, thief } = await theft(scene);
    const invalid = refusal(`the token is not valid; ${again}`);
    expect(await scene.told(thief, { token: { id: 'aaaaaaaa', secret: token.secret } })).toBe(invalid);
    expect(await scene.told(thief, { token: { id: token.id, secret: 'a'.repeat(26) } })).toBe(invalid);
    scene.hasKeptOut(thief);
  });

  it('that its token was used already, when it stole one after use', async () => {
    const scene = await Scene.open();
    const { token, thief } = await theft(scene);
    expect(await scene.join(await newIdentity(), { token })).toMatchObject({ type: 'welcome', id: 1 });
    expect(await scene.told(thief, { token })).toBe(refusal(`token ${token.id} has been used already; ${again}`));
    scene.hasKeptOut(thief, 1);
  });

  it('that its token was revoked', async () => {
    const scene = await Scene.open();
    const { token, thief } = await theft(scene);
    await scene.rig.engine.revokeToken(token.id);
    expect(await scene.told(thief, { token })).toBe(refusal(`token ${token.id} was revoked; ${again}`));
    scene.hasKeptOut(thief);
  });

  it("that its token has expired, by the master's clock alone, a day ahead or back", async () => {
    const scene = await Scene.open();
    const { token, thief } = await theft(scene, 'any');
    const expired = refusal(`token ${token.id} has expired by the master's clock; ${again}`);
    scene.rig.clock.turnWall(day + 1);
    expect(await scene.told(thief, { token })).toBe(expired);
    scene.hasKeptOut(thief);
    // A day behind, the same token is good: no clock but the master's was asked.
    scene.rig.clock.turnWall(-2 * day);
    expect(await scene.join(thief, { token })).toMatchObject({ type: 'welcome', id: 1 });
    scene.rig.clock.turnWall(2 * day);
    expect(await scene.told(await newIdentity(), { token })).toBe(expired);
    expect(await scene.join(thief, {})).toMatchObject({ type: 'welcome', id: 1 });
  });

  it("nothing of another member: that one's id stays with its own key", async () => {
    const scene = await Scene.open();
    const [one, two] = [await newIdentity(), await newIdentity()];
    for (const identity of [one, two]) {
      const { token } = await scene.rig.engine.newToken();
      await scene.join(identity, { token });
    }
    expect(scene.rig.engine.mayLink(two.fingerprint)).toMatchObject({ admit: true, id: 2 });
    const { offered } = scene.rig.engine.member(two.fingerprint) ?? {};
    const taken = refusal('id 1 belongs to another slave: choose another --id, or none', 'id');
    expect(await scene.told(two, { demanded: 1, last: 1, incarnation: offered })).toBe(taken);
    expect(await scene.join(two, { last: 1, incarnation: offered })).toMatchObject({ type: 'welcome', id: 2 });
    // The certificate of the one, and the key of the other.
    expect(() => connectTls({ port: scene.stage.door.port, host: '127.0.0.1', cert: one.certificate, key: two.key })).toThrow(/mismatch/);
  });

  it('that its key is barred, when it was a member', async () => {
    const scene = await Scene.open();
    const { token, thief } = await theft(scene, 'any');
    await scene.join(thief, { token });
    await scene.rig.engine.kick(1, { keepToken: true });
    const reason = 'the key of node 1 (node-1) was kicked out of the group; run \\"etherloom identity new\\", and join by a new line';
    expect(await scene.told(thief, { token })).toBe(refusal(reason, 'barred'));
    const { certificate: cert, key } = thief;
    const seen = await visit(scene.stage.door.port, { cert, key, ALPNProtocols: [link] }, Buffer.alloc(64));
    expect(seen.inside.length).toBe(0);
    scene.hasKeptOut(thief);
  });

  it('both versions, when it speaks another one', async () => {
    const scene = await Scene.open();
    const { certificate: cert, key } = await newIdentity();
    const hello = Buffer.from('{"type":"hello","version":2,"software":"9.0"}\n');
    const seen = await visit(scene.stage.door.port, { cert, key, ALPNProtocols: [control] }, hello);
    const reason =
      'the slave speaks version 2 (etherloom 9.0) of the protocol, and the master version 1 (etherloom 0.3.0); install one version of etherloom on both';
    expect(seen.inside.toString()).toBe(refusal(reason, 'version'));
  });
});

describe('a ticket', () => {
  it('is never given, and one from elsewhere does not stand for a certificate', async () => {
    const scene = await Scene.open();
    const { certificate: cert, key } = await newIdentity();
    const tickets: Buffer[] = [];
    const options = { host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: [control] };
    const connectTo = (port: number, more: object): ReturnType<typeof connectTls> => {
      const socket = connectTls({ port, ...options, ...more });
      onTestFinished(() => void socket.destroy());
      return socket
        .resume()
        .on('error', () => undefined)
        .on('session', (ticket: Buffer) => tickets.push(ticket));
    };
    const elsewhere = createServer(
      { cert, key, ALPNProtocols: [control] },
      (socket) => void socket.on('error', () => undefined).write('x'),
    );
    onTestFinished(() => void elsewhere.close());
    elsewhere.listen(0, '127.0.0.1');
    await once(elsewhere, 'listening');
    const other = connectTo((elsewhere.address() as AddressInfo).port, {});
    await eventually(() => expect(tickets.length).toBeGreaterThan(0));
    other.destroy();
    const [session] = tickets.splice(0);
    const { door } = scene.stage;
    const known = connectTo(door.port, { cert, key, session });
    known.write(encodeJoinMessage({ type: 'hello', software: '0.3.0' }));
    await once(known, 'secureConnect');
    expect(known.isSessionReused()).toBe(false);
    await once(known, 'close');
    expect(tickets).toEqual([]);
    const nobody = await visit(door.port, { session, ALPNProtocols: [control] }, Buffer.from('words'));
    expect([nobody.inside.length, nobody.error]).toEqual([0, expect.stringMatching(/certificate required/i)]);
  });
});

describe('half a line', () => {
  it('inside TLS holds up no other host: 80 of them have 64 places at most', async () => {
    const scene = await Scene.open();
    const { certificate: cert, key } = await newIdentity();
    const { port } = scene.stage.door;
    for (let i = 0; i < 80; i++) {
      const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, cert, key, ALPNProtocols: [control] });
      socket.on('error', () => undefined).resume();
      onTestFinished(() => void socket.destroy());
      socket.write('{"type":"hello","vers');
      await once(socket, 'secureConnect');
    }
    await eventually(() => expect(scene.stage.door.strangers).toBe(64));
    const { token } = await scene.rig.engine.newToken();
    expect(await scene.join(await newIdentity(), { token })).toMatchObject({ type: 'welcome', id: 1 });
  });
});

describe('a host with a line', () => {
  it.each([
    ['greets at once like a plain link', Buffer.from(vdeFraming.greeting), 'at once'],
    ['answers with a greeting', Buffer.from(vdeFraming.greeting), 'then'],
    ['answers with a welcome in plain words', Buffer.from(encodeJoinMessage(welcome(1))), 'then'],
  ])('tells a master that %s a ClientHello at most, and never falls back', async (_how, answer, when) => {
    let said = Buffer.alloc(0);
    let calls = 0;
    const server = createPlainServer((socket) => {
      calls++;
      socket.on('error', () => undefined);
      socket.on('data', (octets: Buffer) => {
        said = Buffer.concat([said, octets]);
        if (when === 'then') socket.write(answer);
      });
      if (when === 'at once') socket.write(answer);
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const scene = await Scene.open();
    const { token } = await scene.rig.engine.newToken();
    const { means } = await scene.stage.stranger();
    let closed: string | undefined;
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const attempt = dialControl(means)(
      { address, pin: scene.stage.identity.fingerprint, identity: 'current' },
      {
        opened: (channel) => channel.send({ type: 'hello', token }),
        heard: () => undefined,
        message: () => expect.fail('there is no message'),
        closed: (reason) => (closed = reason),
      },
    );
    onTestFinished(() => attempt[Symbol.dispose]());
    await eventually(() => expect(closed).toMatch(/does not speak TLS: it is a plain master/));
    if (when === 'then') expect(judgeFirstOctets(said)).toBe('tls');
    else expect(said.length).toBe(0);
    for (const secret of [token.secret, token.id, 'hello']) expect(said.includes(secret)).toBe(false);
    expect(calls).toBe(1);
  });
});
