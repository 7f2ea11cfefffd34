import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { vdeFraming } from '../../../src/ports/pure/frame-stream.ts';
import { encodeJoinMessage } from '../../../src/star/message-codec.ts';
import { starProtocols } from '../../../src/star/node/handshake.ts';
import { newIdentity } from '../../../src/star/node/identity-files.ts';
import { eventually } from '../../eventually.ts';
import { DoorStage } from './door-stage.ts';
import { visit, Witness } from './visitor.ts';

const { control, link } = starProtocols;

const CHANGE_CIPHER_SPEC = 20;
const ALERT = 21;
const HANDSHAKE = 22;
const INSIDE = 23;
/** The fatal alerts before a key is agreed on, as octets. [RFC 8446, 6] */
const alert = (version: number, description: number): Buffer => Buffer.from([ALERT, 3, version, 0, 2, 2, description]);
/** An encrypted alert: two octets, the type of its content, and the tag of the cipher. */
const encryptedAlert = [INSIDE, 19] as const;
const protocolVersion = 70;
const noApplicationProtocol = 120;

/** Expects that a door was not disturbed: it made no port, heard no message, and has all its places again. */
async function isUndisturbed(stage: DoorStage): Promise<void> {
  await eventually(() => expect(stage.door.strangers).toBe(0));
  expect(stage.ports.ports.length).toBe(0);
  expect(stage.controls.flatMap(({ messages }) => messages)).toEqual([]);
}

describe('a stranger is told', () => {
  it.each([
    ['garbage', Buffer.from([0xde, 0xad, 0xbe, 0xef, 0, 0, 0, 0])],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
    ['frames', Buffer.concat([vdeFraming.greeting, Buffer.from([0, 60]), Buffer.alloc(60)])],
    ['SSH', Buffer.from('SSH-2.0-OpenSSH_9.2\r\n')],
    ['a ServerHello', Buffer.from([22, 3, 3, 0, 4, 2, 0, 0, 0])],
  ])('nothing, when it sends %s where plain links are not allowed', async (_what, words) => {
    const stage = await DoorStage.open();
    const end = await stage.plain();
    end.socket.write(words);
    await end.closed;
    expect(end.octets.length).toBe(0);
    expect(stage.rig.logged).toEqual([expect.stringMatching(/^refused a plain link connection from 127.*its user cannot be told/)]);
    await isUndisturbed(stage);
  });

  it('in one line what to do, when it sends a plain hello where that is not allowed', async () => {
    const stage = await DoorStage.open();
    const end = await stage.plain();
    end.socket.write(encodeJoinMessage({ type: 'hello', key: 'a'.repeat(32) }));
    await end.closed;
    expect(end.octets.toString()).toBe(
      '{"type":"refusal","reason":"the master takes no plain connection from here: it is not encrypted, and its user cannot be told; ' +
        'join this star by its line: run `etherloom token new` at the master, and `etherloom join LINE` here; ' +
        'or start the master with --plain","retry":false}\n',
    );
    await isUndisturbed(stage);
  });

  it('by an alert that its version is not spoken, when it speaks TLS 1.2', async () => {
    const stage = await DoorStage.open();
    const witness = await Witness.before(stage);
    const seen = await visit(witness.port, { maxVersion: 'TLSv1.2', ALPNProtocols: [link] });
    expect([seen.secured, seen.error]).toEqual([false, expect.stringMatching(/alert protocol version|unsupported protocol/i)]);
    expect(witness.told).toEqual(alert(3, protocolVersion));
    await isUndisturbed(stage);
  });

  it('by an alert that its protocol is not known, before any certificate is sent, when it names another one', async () => {
    const stage = await DoorStage.open();
    const witness = await Witness.before(stage);
    const seen = await visit(witness.port, { ALPNProtocols: ['h2', 'etherloom/link/2'] });
    expect(seen.secured).toBe(false);
    expect(witness.told).toEqual(alert(3, noApplicationProtocol));
    await isUndisturbed(stage);
  });

  it('nothing inside TLS, when it names no protocol', async () => {
    const stage = await DoorStage.open();
    const witness = await Witness.before(stage);
    const { certificate: cert, key } = await newIdentity();
    const seen = await visit(witness.port, { cert, key }, Buffer.from(encodeJoinMessage({ type: 'hello' })));
    expect(seen.inside.length).toBe(0);
    // The flight of the handshake alone, its last five messages encrypted: no alert, no ticket, no greeting.
    expect(witness.records.map(([type]) => type)).toEqual([HANDSHAKE, CHANGE_CIPHER_SPEC, INSIDE, INSIDE, INSIDE, INSIDE, INSIDE]);
    expect(witness.records.at(-1)).not.toEqual(encryptedAlert);
    expect(stage.rig.logged.join()).toContain('names no protocol of ours');
    await isUndisturbed(stage);
  });

  it('by an alert that its certificate is missing, when it shows none', async () => {
    const stage = await DoorStage.open();
    const witness = await Witness.before(stage);
    const seen = await visit(witness.port, { ALPNProtocols: [link] }, Buffer.from('a frame'));
    expect(seen.inside.length).toBe(0);
    expect(seen.error).toMatch(/certificate required/i);
    expect(witness.records.at(-1)).toEqual(encryptedAlert);
    await isUndisturbed(stage);
  });

  it('the end of the stream alone, when it wants to link by a key that the roster does not know', async () => {
    const stage = await DoorStage.open();
    const witness = await Witness.before(stage);
    const { certificate: cert, key } = await newIdentity();
    const seen = await visit(witness.port, { cert, key, ALPNProtocols: [link] }, Buffer.from(vdeFraming.greeting));
    expect([seen.secured, seen.inside.length, seen.error]).toEqual([true, 0, undefined]);
    expect(witness.records.at(-1)).toEqual(encryptedAlert);
    expect(stage.rig.logged).toEqual([expect.stringContaining('the group does not know it')]);
    await isUndisturbed(stage);
  });

  it('nothing but that, when it sends something else than the control protocol inside TLS', async () => {
    const stage = await DoorStage.open();
    const { certificate: cert, key } = await newIdentity();
    const seen = await visit(stage.door.port, { cert, key, ALPNProtocols: [control] }, Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    expect([seen.secured, seen.inside.length]).toEqual([true, 0]);
    await eventually(() => expect(stage.controls[0]?.closed).toMatch(/which is not the control protocol/));
    await isUndisturbed(stage);
  });

  it('its welcome, when it is no stranger: TLS of Node joins and links like our own', async () => {
    const stage = await DoorStage.open();
    const { identity } = await stage.member(3);
    const { certificate: cert, key } = identity;
    const socket = connectTls({ port: stage.door.port, host: '127.0.0.1', rejectUnauthorized: false, cert, key, ALPNProtocols: [link] });
    socket.on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
    const [greeting] = (await once(socket, 'data')) as [Buffer];
    expect(greeting).toEqual(Buffer.from(vdeFraming.greeting));
    expect(stage.ports.given[0]?.peer).toMatchObject({ kind: 'node', id: 3 });
  });
});
