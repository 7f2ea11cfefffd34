import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ByteChannel } from '../../../src/ports/stream/byte-channel.ts';
import { isFingerprint, type Fingerprint } from '../../../src/star/fingerprint.ts';
import { dialMaster } from '../../../src/star/node/dial-master.ts';
import { starProtocols } from '../../../src/star/node/handshake.ts';
import { newIdentity, type Identity } from '../../../src/star/node/identity-files.ts';
import { dialMember, mayDial, type ReachedMember } from '../../../src/star/node/shortcut-dial.ts';
import { ShortcutDoor, type ShortcutCaller } from '../../../src/star/node/shortcut-door.ts';
import { TlsSecurity } from '../../../src/star/node/tls-security.ts';
import { shortcutAlpn } from '../../../src/star/shortcut-context.ts';
import { eventually } from '../../eventually.ts';
import { Rig } from '../../ports/rig.ts';
import { DoorStage, PlainEnd } from './door-stage.ts';

const forever = new AbortController().signal;

/** A slave's door, and another slave that dials it. */
class Stage {
  readonly rig = new Rig();
  readonly taken: (ShortcutCaller & { readonly channel: ByteChannel })[] = [];
  /** The keys that the master told. */
  readonly told = new Map<Fingerprint, number>();
  door!: ShortcutDoor;
  identity!: Identity;

  static async open(): Promise<Stage> {
    const stage = new Stage();
    stage.identity = await newIdentity();
    const security = new TlsSecurity(stage.identity, stage.rig.environment, [shortcutAlpn]);
    stage.door = await ShortcutDoor.open(
      {
        listen: { host: '127.0.0.1', port: 0 },
        security,
        admit: (key) => {
          const id = stage.told.get(key);
          return id === undefined ? { admit: false, reason: 'the master has not told of its key' } : { admit: true, id };
        },
        take: (channel, caller) => stage.taken.push({ ...caller, channel }),
        hosts: () => new Set(['127.0.0.1']),
        bounds: { places: 4 },
      },
      stage.rig.environment,
    );
    onTestFinished(() => {
      stage.door[Symbol.dispose]();
      for (const { channel } of stage.taken) channel[Symbol.dispose]();
      security[Symbol.dispose]();
    });
    return stage;
  }

  get place(): string {
    return `127.0.0.1:${this.door.port}`;
  }

  /** Returns another slave's way to dial; the master told of it if it has an id. */
  async other(id?: number): Promise<(addresses?: readonly string[], onLoopback?: boolean) => Promise<ReachedMember>> {
    const { environment } = this.rig;
    const identity = await newIdentity();
    if (id !== undefined) this.told.set(identity.fingerprint, id);
    const security = new TlsSecurity(identity, environment, [shortcutAlpn]);
    onTestFinished(() => security[Symbol.dispose]());
    return async (addresses = [this.place], onLoopback = true) => {
      const target = { id: 7, key: this.identity.fingerprint, addresses };
      const reached = await dialMember(target, { security, environment, onLoopback }, forever);
      onTestFinished(() => reached.channel[Symbol.dispose]());
      return reached;
    };
  }
}

describe('the door of a slave', () => {
  it('takes a member that the master told of, which finds it by its key', async () => {
    const stage = await Stage.open();
    const dial = await stage.other(5);
    expect((await dial()).address).toBe(stage.place);
    await eventually(() => expect(stage.taken.map(({ id }) => id)).toEqual([5]));
    expect(isFingerprint(stage.taken[0]?.key)).toBe(true);
  });

  it('takes no one else, and says so', async () => {
    const stage = await Stage.open();
    const dial = await stage.other();
    await dial();
    await eventually(() => expect(stage.rig.logged.join()).toContain('refused the shortcut from 127.0.0.1:'));
    expect(stage.taken).toEqual([]);
  });

  it('takes neither plain connections nor the protocols of a master', async () => {
    const stage = await Stage.open();
    const plain = new PlainEnd(connect({ port: stage.door.port, host: '127.0.0.1' }));
    plain.socket.write('{"type":"hello","version":1}\n');
    await plain.closed;
    const { environment } = stage.rig;
    const identity = await newIdentity();
    stage.told.set(identity.fingerprint, 5);
    using security = new TlsSecurity(identity, environment);
    const target = { address: stage.place, pin: stage.identity.fingerprint, identity: 'current' } as const;
    for (const protocol of Object.values(starProtocols))
      await expect(dialMaster(target, protocol, { security: () => security, environment }, forever)).rejects.toThrow(
        'no secured connection',
      );
    expect(stage.taken).toEqual([]);
  });

  it('bounds strangers that say nothing, and takes members meanwhile', async () => {
    const stage = await Stage.open();
    const silent = await Promise.all(
      Array.from({ length: 12 }, async () => {
        const end = new PlainEnd(connect({ port: stage.door.port, host: '127.0.0.1', localAddress: '127.0.0.2' }));
        await Promise.race([once(end.socket, 'connect'), end.closed]);
        return end;
      }),
    );
    expect(silent.length).toBe(12);
    await (
      await stage.other(5)
    )();
    await eventually(() => expect(stage.taken.length).toBe(1));
  });
});

describe('a master', () => {
  it('takes no shortcut for a link', async () => {
    const stage = await DoorStage.open();
    const { identity } = await stage.member(1);
    using security = new TlsSecurity(identity, stage.rig.environment, [shortcutAlpn]);
    const means = { security: () => security, environment: stage.rig.environment };
    const target = { address: stage.place, pin: stage.identity.fingerprint, identity: 'current' } as const;
    await expect(dialMaster(target, shortcutAlpn, means, forever)).rejects.toThrow('no secured connection');
  });
});

describe('a slave that dials another', () => {
  it('tries its addresses side by side, so that a silent one costs little', async () => {
    const stage = await Stage.open();
    const silent = createServer();
    onTestFinished(() => void silent.close());
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const dial = await stage.other(5);
    expect((await dial([`127.0.0.1:${port}`, '127.0.0.1:1', stage.place])).address).toBe(stage.place);
    await eventually(() => expect(stage.taken.length).toBe(1));
  });

  it('takes no other host for it', async () => {
    const [stage, other] = [await Stage.open(), await Stage.open()];
    const dial = await stage.other(5);
    await expect(dial([other.place])).rejects.toThrow(`slave 7 cannot be reached directly: ${other.place}: another host answers there`);
    expect(other.taken).toEqual([]);
  });

  it.each([
    ['a name', 'localhost:PORT'],
    ['the unspecified address', '0.0.0.0:PORT'],
    ['a group of hosts', '224.0.0.1:PORT'],
    ['an address of one link', 'fe80::1:PORT'],
    ['an address with a zone', 'fe80::1%lo:PORT'],
    ['an address of IPv4 in IPv6', '::ffff:127.0.0.1:PORT'],
    ['a text that is no place', 'nowhere'],
  ])('does not dial %s', async (_, text) => {
    const stage = await Stage.open();
    const dial = await stage.other(5);
    const address = text.replace('PORT', String(stage.door.port));
    await expect(dial([address])).rejects.toThrow('it has told no address that can be dialled');
  });

  it('dials its own host only if that has no other address', async () => {
    const stage = await Stage.open();
    const dial = await stage.other(5);
    await expect(dial([stage.place], false)).rejects.toThrow('it has told no address that can be dialled');
    await dial([stage.place], true);
  });

  it.each([
    ['127.0.0.1:22', false],
    ['127.255.0.9:5000', false],
    ['[::1]:5000', false],
    ['[0:0:0:0:0:0:0:1]:5000', false],
    ['[0::0001]:5000', false],
    ['[::ffff:127.0.0.1]:5000', false],
    ['[0:0:0:0:0:ffff:7f00:1]:5000', false],
    ['[0:0:0:0:0:0:0:0]:5000', false],
    ['192.0.2.7:22', false],
    ['[2001:db8:0:0::7]:22', false],
    ['192.0.2.7:5000', true],
    ['192.0.2.8:22', true],
  ])('dials no service of its own host in any spelling: %s, %s', (address, may) => {
    const own = (text: string, family: 'IPv4' | 'IPv6') => ({ address: text, family, internal: false }) as NetworkInterfaceInfo;
    expect(mayDial(address, false, { eth0: [own('192.0.2.7', 'IPv4'), own('2001:db8::7', 'IPv6')] })).toBe(may);
  });

  it('gives up at once when it is told to', async () => {
    const stage = await Stage.open();
    const identity = await newIdentity();
    using security = new TlsSecurity(identity, stage.rig.environment, [shortcutAlpn]);
    const attempt = new AbortController();
    const target = { id: 7, key: stage.identity.fingerprint, addresses: [stage.place] };
    const dialled = dialMember(target, { security, environment: stage.rig.environment, onLoopback: true }, attempt.signal);
    attempt.abort();
    await expect(dialled).rejects.toThrow('ECONNABORTED');
  });
});
