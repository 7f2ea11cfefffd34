import { describe, expect, it } from 'vitest';
import type { MasterOptions } from '../../src/launcher/master.ts';
import { macOfId } from '../../src/star/identity.ts';
import type { SenderRule } from '../../src/switch/sender-policy.ts';
import { ConsoleClient } from '../daemon/managed-stage.ts';
import { eventually } from '../eventually.ts';
import { hostile, thief, victim } from '../switch/hostile-frames.ts';
import { Nodes } from './nodes.ts';
import { address, Guest } from './plugged-guest.ts';

interface Scene {
  readonly guest: Guest;
  /** Sends frames behind the hostile member. */
  readonly send: (frames: readonly Uint8Array[]) => void;
  /** Returns the reasons for which the master dropped frames of the hostile member. */
  readonly dropped: () => Promise<readonly string[]>;
  /** Resolves once the log names a rule by which frames of the hostile member were dropped. */
  readonly logged: (rule: SenderRule) => Promise<string>;
}

/** The guest of member 2, which pings the server, and a hostile member 3, in a group. */
async function scene(options: Partial<MasterOptions> = {}): Promise<Scene> {
  const nodes = new Nodes();
  const master = await nodes.master({ ...options, management: { console: { path: nodes.state('mgmt') } } });
  const linked: Promise<string>[] = [];
  const slaves = [];
  for (const name of ['one', 'two', 'three']) {
    linked.push(nodes.says(/^linked to/));
    slaves.push(await nodes.joined(master, name));
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
