/**
 * Runs probes with other rights than the test's own: a command, or a TypeScript file of the tests, in a child process.
 *
 *   describe.each(everyRights)('a switch with -g, run by %s', (rights) => {
 *     it('serves', (context) => {
 *       const actor = actAs(rights, context);
 *       expect(actor.run([bin('vde_switch'), …])).toMatchObject({ status: 0 });
 *     });
 *   });
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { gidNamed, groupName, uidNamed } from '../src/system/accounts.ts';

/** The rights a probe can run with. */
export type RightsName = 'root' | 'a user in two groups' | 'root without CAP_NET_ADMIN' | 'a user namespace with one group';

/** All of them, for `describe.each`. */
export const everyRights: readonly RightsName[] = [
  'root',
  'a user in two groups',
  'root without CAP_NET_ADMIN',
  'a user namespace with one group',
];

/** How a probe ended. */
export interface ProbeResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The account that ordinary users' probes run as when the tests run as root; each Debian has it, and the second group. */
const account = { user: 'games', group: 'games', second: 'users' };

const root = process.geteuid?.() === 0;

/** Runs commands with some rights, in a scratch directory that is its home. */
export class Actor {
  readonly rights: RightsName;
  /** The user, as processes outside of namespaces see it. */
  readonly uid: number;
  /** The names of its primary group and of a second one, which may be a single one. */
  readonly groups: readonly [string, string];
  /** Its home: short, empty, in /tmp, and open to read for all. */
  readonly directory: string;
  readonly #prefix: readonly string[];

  constructor(rights: RightsName) {
    this.rights = rights;
    this.#prefix = prefixOf(rights);
    const isUser = rights !== 'root' && rights !== 'root without CAP_NET_ADMIN';
    const [uid, gid, second] = isUser ? userIds() : [0, 0, gidNamed(account.second) ?? 0];
    this.uid = uid;
    this.groups = rights === 'a user namespace with one group' ? [nameOf(0), nameOf(0)] : [nameOf(gid), nameOf(second)];
    this.directory = mkdtempSync('/tmp/el-');
    chmodSync(this.directory, 0o755);
    if (root) chownSync(this.directory, uid, gid);
  }

  /** Returns the path of that name in its directory. */
  path(...names: string[]): string {
    return join(this.directory, ...names);
  }

  /** Returns the command line that runs a command with these rights, its directory as HOME; for `Stage.start`. */
  command(argv: readonly string[]): string[] {
    return [...this.#prefix, 'env', `HOME=${this.directory}`, ...argv];
  }

  /** Returns the command line that runs a TypeScript file of the tests (`test/system/x-process.ts`) with these rights. */
  probe(script: string, ...args: readonly string[]): string[] {
    const typescript = join(import.meta.dirname, 'typescript.mjs');
    return this.command([process.execPath, '--import', typescript, join(import.meta.dirname, '..', script), ...args]);
  }

  /** Runs a command line of the above to its end, 20 s at most. */
  run([program = '', ...args]: readonly string[]): ProbeResult {
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 20_000, cwd: this.directory });
    return { status, stdout, stderr };
  }
}

/** Returns an actor for the length of a test. Skips the test, with the reason, where these rights cannot be had. */
export function actAs(rights: RightsName, context: { skip: (reason: string) => never }): Actor {
  const reason = lacking(rights);
  if (reason !== undefined) context.skip(reason);
  const actor = new Actor(rights);
  onTestFinished(() => rmSync(actor.directory, { recursive: true, force: true }));
  return actor;
}

/** Returns why probes cannot run with these rights, or undefined. CI must have them all when it runs as root: then it throws instead. */
export function lacking(rights: RightsName): string | undefined {
  if (!reasons.has(rights)) reasons.set(rights, findLack(rights));
  const reason = reasons.get(rights);
  if (reason !== undefined && root && process.env['CI'] !== undefined) throw new Error(`${reason}, and CI must be able to`);
  return reason;
}

const reasons = new Map<RightsName, string | undefined>();

function findLack(rights: RightsName): string | undefined {
  if (rights.startsWith('root') && !root) return `only root can run probes as ${rights}`;
  if (rights === 'a user in two groups' && new Set(userIds().slice(1)).size < 2) return 'this user is in one group only';
  const readable = join(import.meta.dirname, '../bin/vde_switch');
  const [program, ...args] = [...prefixOf(rights), process.execPath, '-e', 'fs.accessSync(process.argv[1])', readable];
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8', cwd: '/' });
  return status === 0 ? undefined : `this machine cannot run probes as ${rights}: ${error?.message ?? stderr.trim()}`;
}

/** Returns the prefix of a command that gives it these rights. */
function prefixOf(rights: RightsName): readonly string[] {
  switch (rights) {
    case 'root':
      return [];
    case 'root without CAP_NET_ADMIN':
      return ['setpriv', '--bounding-set=-net_admin', '--inh-caps=-net_admin'];
    case 'a user in two groups':
      return asUser();
    case 'a user namespace with one group':
      return [...asUser(), 'unshare', '-Ur'];
  }
}

function asUser(): readonly string[] {
  if (!root) return [];
  const [uid, gid, second] = userIds();
  return [...revealed(), 'setpriv', `--reuid=${uid}`, `--regid=${gid}`, `--groups=${gid},${second}`, '--inh-caps=-all'];
}

/**
 * Returns the prefix of an ordinary user's command if the checkout is in a directory that is closed to others, as /root is: a mount
 * namespace in which that directory has nothing but the checkout.
 */
function revealed(): readonly string[] {
  const closed = closedAbove(checkout);
  return closed === undefined ? [] : ['unshare', '-m', 'sh', '-ec', reveal, 'sh', closed, checkout];
}

const checkout = join(import.meta.dirname, '..');

const reveal = `
closed=$1 checkout=$2; shift 2
mount --bind "$checkout" /mnt
mount -t tmpfs -o mode=755 tmpfs "$closed"
mkdir -p "$checkout"
mount --bind /mnt "$checkout"
umount /mnt
exec "$@"`;

/** Returns the uppermost directory above a path that others may not pass through. */
function closedAbove(path: string): string | undefined {
  const above = dirname(path);
  return above === path ? undefined : (closedAbove(above) ?? ((statSync(above).mode & 0o001) === 0 ? above : undefined));
}

/** Returns the ordinary user's number, its primary group's and a second group's. */
function userIds(): readonly [number, number, number] {
  if (root) return [uidNamed(account.user) ?? 5, gidNamed(account.group) ?? 60, gidNamed(account.second) ?? 100];
  const gid = process.getegid?.() ?? 0;
  return [process.geteuid?.() ?? 0, gid, process.getgroups?.().find((group) => group !== gid) ?? gid];
}

function nameOf(gid: number): string {
  return groupName(gid) ?? String(gid);
}
