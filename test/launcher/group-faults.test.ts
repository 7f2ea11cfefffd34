import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { realClock } from '../../src/clock.ts';
import type { NodeEnvironment } from '../../src/launcher/master.ts';
import { parseInvitation } from '../../src/star/invitation.ts';
import { macOfId } from '../../src/star/identity.ts';
import { Nodes } from './nodes.ts';
import { address, Guest } from './plugged-guest.ts';

const day = 24 * 3_600_000;

/** Nodes whose wall clocks are wrong. */
class SkewedNodes extends Nodes {
  /** The difference of the clocks of those that are opened from now on, in milliseconds. */
  skew = 0;

  override get environment(): NodeEnvironment {
    const { skew } = this;
    return { ...super.environment, clock: { ...realClock, wall: () => realClock.wall() + skew } };
  }
}

/** Nodes that may be told to end. */
class EndingNodes extends Nodes {
  readonly #abort = new AbortController();

  override get environment(): NodeEnvironment {
    return { ...super.environment, signal: this.#abort.signal };
  }

  /** Tells those to end that still wait for their master. */
  end(): void {
    this.#abort.abort();
  }
}

describe('wrong clocks', () => {
  it.each([
    ['ahead', day],
    ['behind', -day],
  ])("let joins, links and leases go on: the master's a day %s, the slave's at 1970", async (_where, wrong) => {
    const nodes = new SkewedNodes();
    const master = await nodes.master();
    nodes.skew = -realClock.wall();
    const linked = nodes.says(/^linked to/);
    const slave = await nodes.joined(master, 'one');
    await linked;
    const guest = await new Guest().plug(slave.sock, macOfId(1), [address('10.77.0.1')]);
    await guest.until(() => guest.pings > 0);
    await master[Symbol.asyncDispose]();
    nodes.skew = wrong;
    const mark = nodes.logged.length;
    const second = await nodes.again(master);
    await nodes.says(/^joined as slave 1/, mark);
    await nodes.says(/^linked to/, mark);
    const { pings } = guest;
    await guest.until(() => guest.pings > pings);
    nodes.skew = -realClock.wall();
    const late = await nodes.joined(second, 'two');
    expect(late.id).toBe(2);
    const other = await new Guest().plug(late.sock, macOfId(2), [address('10.77.0.11')]);
    await other.until(() => other.pings > 0);
    expect([guest.addresses, other.addresses]).toEqual([['10.77.0.11'], ['10.77.0.12']]);
    expect(nodes.failures).toEqual([]);
  });
});

describe('the state of a slave', () => {
  /** Copies the state of a node for another one. */
  const copy = (nodes: Nodes, from: string, to: string): void => {
    rmSync(nodes.state(to), { recursive: true, force: true });
    cpSync(nodes.state(from), nodes.state(to), { recursive: true });
  };

  /** Opens a slave, which is then ended. */
  const live = async (nodes: Nodes, name: string): Promise<number> => {
    const slave = await nodes.joined(undefined, name);
    const { id } = slave;
    await slave[Symbol.asyncDispose]();
    return id;
  };

  /** Opens a slave that the master refuses for its state. It has no link. */
  const isRefused = async (nodes: EndingNodes, name: string): Promise<void> => {
    const mark = nodes.logged.length;
    const refused = nodes.says(/^the master refused.*was copied or restored.*takeover 1.*identity new/, mark);
    const opened = nodes.joined(undefined, name);
    await refused;
    expect(nodes.logged.slice(mark).filter((line) => /^(?:joined|linked)/.test(line))).toEqual([]);
    nodes.end();
    await expect(opened).rejects.toBeDefined();
  };

  it('that was copied is found when the original is off, whichever comes first', async () => {
    for (const [first, second] of [
      ['original', 'copy'],
      ['copy', 'original'],
    ] as const) {
      const nodes = new EndingNodes();
      const master = await nodes.master();
      await (await nodes.joined(master, 'original'))[Symbol.asyncDispose]();
      copy(nodes, 'original', 'copy');
      expect(await live(nodes, first)).toBe(1);
      await isRefused(nodes, second);
    }
  });

  it('that was rolled back to a snapshot is found', async () => {
    const nodes = new EndingNodes();
    const master = await nodes.master();
    await (await nodes.joined(master, 'one'))[Symbol.asyncDispose]();
    copy(nodes, 'one', 'snapshot');
    expect(await live(nodes, 'one')).toBe(1);
    copy(nodes, 'snapshot', 'one');
    await isRefused(nodes, 'one');
  });

  it('takes no further id when its guest fails to start, however often', async () => {
    const nodes = new Nodes();
    const master = await nodes.master();
    const join = { invitation: parseInvitation((await master.newLines())[0] ?? '') };
    const guest = { image: nodes.directory, attach: 'dgram', accel: 'tcg' } as const;
    for (let attempt = 0; attempt < 3; attempt++)
      await expect(nodes.joined(undefined, 'one', { join, guest })).rejects.toMatchObject({ code: 'bad-option' });
    expect((await nodes.joined(undefined, 'one', { join })).id).toBe(1);
    expect((await nodes.joined(master, 'two')).id).toBe(2);
  });
});

describe('a master that lost its group', () => {
  it('does not end its living slaves, which go on without it, whatever a stranger says', async () => {
    const nodes = new Nodes();
    const master = await nodes.master({ plain: true });
    const linked = nodes.says(/^linked to/);
    const slave = await nodes.joined(master, 'one');
    await linked;
    await master[Symbol.asyncDispose]();
    rmSync(join(nodes.state('master'), 'group.journal'));
    const refused = nodes.says(/^the master refused/);
    const second = await nodes.again(master);
    expect((await nodes.slave(second, 'stranger', { id: 1 })).id).toBe(1);
    expect(await refused).toMatch(/belongs to group/);
    expect(nodes.failures).toEqual([]);
    expect(slave.id).toBe(1);
    // By a new line of the same master it is heard by its key again.
    await slave[Symbol.asyncDispose]();
    const again = await nodes.joined(second, 'one');
    expect(again.id).toBe(2);
  });
});
