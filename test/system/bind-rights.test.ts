import { chmodSync, existsSync, lstatSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gidNamed } from '../../src/system/accounts.ts';
import { actAs, everyRights, type Actor } from '../rights.ts';

const script = 'test/system/bind-process.ts';
const withoutNetlink = join(import.meta.dirname, 'without-netlink.mjs');

/** A user that no actor is. */
const otherUid = 1;

/** Runs the probe, and returns its line. */
function bind(actor: Actor, ...args: readonly string[]): string {
  const { stdout, stderr } = actor.run(actor.probe(script, ...args));
  expect(stderr).toBe('');
  return stdout.trim();
}

/** Returns a directory of the actor's that any user may change names in, as a switch with -m 666 has. */
function sharedDirectory(actor: Actor, mode = 0o777): string {
  const path = actor.path('shared');
  expect(actor.run(actor.command(['mkdir', path]))).toMatchObject({ status: 0 });
  chmodSync(path, mode);
  return path;
}

/** Returns the number of the actor's second group, as the actor's processes see it. */
const secondGroup = (actor: Actor): number => gidNamed(actor.groups[1]) ?? 0;

describe.each(everyRights)('a socket file that %s makes', (rights) => {
  it('gets any group that its user is in, and its mode', (context) => {
    const actor = actAs(rights, context);
    const gid = secondGroup(actor);
    const path = join(sharedDirectory(actor), 'socket');
    const owner = rights === 'a user in two groups' ? actor.uid : 0;
    expect(bind(actor, path, '660', '-', String(gid))).toBe(`bound 660 ${owner} ${gid}`);
  });

  it('is refused when another file was put in its place, and that is not touched', (context) => {
    const actor = actAs(rights, context);
    const path = join(sharedDirectory(actor), 'socket');
    expect(bind(actor, path, '666', '-', String(secondGroup(actor)), 'swap')).toContain(`${path} was replaced by another file`);
    expect(lstatSync(path).mode & 0o777).toBe(0o600);
    expect(lstatSync(path).gid).toBe(statSync(actor.path()).gid);
    expect(lstatSync(`${path}-moved`).mode & 0o777).toBe(0);
  });

  it('gets a group only in a directory of its own where the kernel may not be asked which file is which', (context) => {
    const actor = actAs(rights, context);
    const gid = String(secondGroup(actor));
    const run = (directory: string): string => {
      const probe = actor.probe(script, join(directory, 'socket'), '660', '-', gid);
      return actor.run(['env', `NODE_OPTIONS=--import ${withoutNetlink}`, ...probe]).stdout.trim();
    };
    expect(run(sharedDirectory(actor))).toMatch(/^cannot set the owner of .*\/shared\/socket: others may write to .*\/shared, .*sock_diag/);
    expect(run(actor.directory)).toMatch(/^bound 660 /);
  });
});

describe('a socket file that is given to another user', () => {
  it.for(everyRights)('by %s: as those rights allow', (rights, context) => {
    const actor = actAs(rights, context);
    const said = bind(actor, actor.path('socket'), '700', String(otherUid), '-');
    expect(said).toMatch(
      {
        root: /^bound 700 1 0$/,
        'root without CAP_NET_ADMIN': /^bound 700 1 0$/,
        'a user in two groups': /to uid 1: operation not permitted \(EPERM\); .* CAP_CHOWN/,
        'a user namespace with one group': /to uid 1: invalid argument \(EINVAL\); it has no number in this user namespace/,
      }[rights],
    );
    // A file whose owner cannot be changed is not left behind.
    expect(existsSync(actor.path('socket'))).toBe(said.startsWith('bound'));
  });

  it('is not given without CAP_CHOWN, by root neither', (context) => {
    const actor = actAs('root without CAP_NET_ADMIN', context);
    const probe = actor.probe(script, actor.path('socket'), '700', String(otherUid), '-');
    const { stdout } = actor.run(['setpriv', '--bounding-set=-chown', '--inh-caps=-chown', ...probe]);
    expect(stdout).toMatch(/^cannot give .* to uid 1: operation not permitted \(EPERM\); .* CAP_CHOWN/);
  });
});
