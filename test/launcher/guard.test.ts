import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Master, MasterOptions } from '../../src/launcher/master.ts';
import type { Slave } from '../../src/launcher/slave.ts';
import { parseTcpAddress } from '../../src/ports/tcp-address.ts';
import { macOfId } from '../../src/star/identity.ts';
import type { SenderRule } from '../../src/switch/sender-policy.ts';
import { ConsoleClient } from '../daemon/managed-stage.ts';
import { freePort } from '../e2e/stage.ts';
import { eventually } from '../eventually.ts';
import { encodeFrames } from '../ports/stream-stage.ts';
import { hostile, thief, victim } from '../switch/hostile-frames.ts';
import { Nodes } from './nodes.ts';
import { address, Guest } from './plugged-guest.ts';

interface Scene {
  readonly master: Master;
  readonly guest: Guest;
  /** Sends frames behind the hostile member. */
  readonly send: (frames: readonly Uint8Array[]) => void;
  /** Returns the reasons for which the master dropped frames of the hostile member. */
  readonly dropped: () => Promise<readonly string[]>;
  /** Resolves once the log names a rule by which frames of the hostile member were dropped. */
  readonly logged: (rule: SenderRule) => Promise<string>;
}

/** Opens a slave of a master by some way. */
type Open = (nodes: Nodes, master: Master, name: string) => Promise<Slave>;

const byLine: Open = (nodes, master, name) => nodes.joined(master, name);
const plain: Open = (nodes, master, name) => nodes.slave(master, name);

/** The guest of member 2, which pings the server, and a hostile member 3, in a group. */
async function scene(options: Partial<MasterOptions> = {}, open = byLine): Promise<Scene> {
  const nodes = new Nodes();
  const master = await nodes.master({ ...options, management: { console: { path: nodes.state('mgmt') } } });
  const linked: Promise<string>[] = [];
  const slaves = [];
  for (const name of ['one', 'two', 'three']) {
    linked.push(nodes.says(/^linked to/));
    slaves.push(await open(nodes, master, name));
    await linked.at(-1);
  }
  expect(slaves.map(({ id }) => id)).toEqual([1, 2, 3]);
  expect([macOfId(2), macOfId(3)]).toEqual([victim, thief]);
  const guest = await new Guest().plug(slaves[1]?.sock ?? '', victim, [address('10.77.0.1')]);
  await guest.until(() => guest.pings > 0);
  const own = await new Guest().plug(slaves[2]?.sock ?? '', thief, []);
  await own.until(() => own.addresses.length > 0);
  const console = await ConsoleClient.open(nodes.state('mgmt'));
  return {
    master,
    guest,
    send: (frames) => {
      for (const frame of frames) own.send(frame);
    },
    dropped: async () => [...(await console.say('port/drops')).matchAll(/([a-z0-9-]+)=\d+/g)].map(([, reason]) => reason ?? ''),
    logged: (rule) => nodes.says(new RegExp(`^dropped \\d+ frames? of slave 3 \\(.+\\) by the rule ${rule};`), 0),
  };
}

/** The frames of a rule, without those that name a server with another MAC address than the master's. */
function framesOf(rule: SenderRule): Uint8Array[] {
  return hostile[rule].filter(([name]) => !name.includes('server')).map(([, frame]) => frame);
}

const rules = Object.keys(hostile) as SenderRule[];

describe('a hostile member', () => {
  it('is refused by every rule, which is counted, while pings and leases of others go on', async () => {
    const { guest, send, dropped, logged } = await scene();
    for (const rule of rules) {
      send(framesOf(rule));
      await eventually(async () => expect(await dropped()).toContain(rule));
      await logged(rule);
    }
    const { pings } = guest;
    await guest.until(() => guest.pings > pings + 1);
    expect(guest.addresses).toEqual(['10.77.0.12']);
  });

  it('may serve DHCP if it is trusted with that, and claim no address all the same', async () => {
    const { send, dropped } = await scene({ trustDhcp: [3] });
    send(framesOf('rogue-dhcp'));
    send(framesOf('forged-arp'));
    await eventually(async () => expect(await dropped()).toContain('forged-arp'));
    expect(await dropped()).not.toContain('rogue-dhcp');
  });

  it('that is open is refused the addresses of the server alone', async () => {
    const { send, dropped } = await scene({ openMembers: [3] });
    send(framesOf('rogue-router'));
    send(framesOf('forged-ipv4'));
    send(hostile['forged-ipv4'].filter(([name]) => name === 'from the server').map(([, frame]) => frame));
    await eventually(async () => expect(await dropped()).toContain('forged-ipv4'));
    expect(await dropped()).not.toContain('rogue-router');
  });
});

describe('a hostile member of the plain star', () => {
  it('is held to the same rules at a link port of its own', async () => {
    const { send, dropped, logged } = await scene({ slavePorts: new Map([[3, await freePort()]]) }, plain);
    for (const rule of ['forged-mac', 'forged-arp', 'rogue-dhcp'] as const) {
      send(framesOf(rule));
      await eventually(async () => expect(await dropped()).toContain(rule));
      await logged(rule);
    }
  });

  it('is held to them at the port for all, but may be any of the members of its host', async () => {
    const { send, dropped } = await scene({}, plain);
    send(hostile['forged-mac'].filter(([name]) => name === 'from the victim').map(([, frame]) => frame));
    send(framesOf('rogue-dhcp'));
    await eventually(async () => expect(await dropped()).toContain('rogue-dhcp'));
    expect(await dropped()).not.toContain('forged-mac');
  });

  it('is not found behind a link whose far end does not greet, as an original', async () => {
    const { master, dropped } = await scene({}, plain);
    const far = await new Guest().plug(master.sock, macOfId(9));
    const { port } = parseTcpAddress(master.link);
    const bare = connect(port, '127.0.0.1').on('error', () => undefined);
    onTestFinished(() => void bare.destroy());
    const [frame = expect.fail('there is one')] = framesOf('rogue-dhcp');
    bare.write(encodeFrames([frame]));
    await far.until(() => far.frames.some((one) => Buffer.compare(one, frame) === 0));
    expect(await dropped()).not.toContain('rogue-dhcp');
  });
});
