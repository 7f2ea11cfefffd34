import { spawnSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { searchPath, type Running } from './running.ts';
import type { Workplace } from './workplace.ts';

const patience = 10_000;
const isRoot = process.getuid?.() === 0;

/** A machine of its own as far as the network goes. */
export class Namespace {
  readonly pid: number;
  readonly #workplace: Workplace;
  readonly #enter: readonly string[];

  private constructor(pid: number, workplace: Workplace, enter: readonly string[]) {
    this.pid = pid;
    this.#workplace = workplace;
    this.#enter = enter;
  }

  /** Makes one; in another it belongs to the same user, and cards can be moved between them. */
  static async open(workplace: Workplace, inside?: Namespace): Promise<Namespace> {
    const flags = inside ? '-nm' : namespaceFlags();
    const outer = inside ? inside.#enter : [];
    const holder = workplace.start([...outer, 'unshare', flags, 'sh', '-c', 'ip link set lo up && echo made && exec cat']);
    await holder.line(/^made$/);
    const user = outer.includes('-U') || flags.includes('U');
    const enter = ['nsenter', '-t', String(holder.pid), ...(user ? ['-U', '--preserve-credentials'] : []), '-n', '-m'];
    return new Namespace(holder.pid, workplace, enter);
  }

  /** Starts a process in it. */
  start(command: readonly string[]): Running {
    return this.#workplace.start([...this.#enter, ...command]);
  }

  /** Runs a command in it to its end, and returns what it said on standard output. Throws when it fails. */
  run(...command: readonly string[]): string {
    const [program = '', ...args] = [...this.#enter, ...command];
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', env: { ...process.env, PATH: searchPath } });
    if (status !== 0) throw new Error(`${command.join(' ')}: status ${status ?? 'none'}: ${stderr}`);
    return stdout;
  }

  /** Waits until a card has its carrier, for which a process is there. */
  async untilUp(card: string, running: Running): Promise<void> {
    const end = performance.now() + patience;
    while (!this.run('ip', 'link', 'show', card).includes('LOWER_UP')) {
      await delay(20);
      if (running.ended || performance.now() > end)
        throw new Error(`${running.command} does not plug in ${card}; it said:\n${running.said}`);
    }
  }
}

/** Returns why servers that change their user cannot be run in a namespace with a tap; undefined when they can. */
export function reasonWithoutServers(): string | undefined {
  if (!isRoot) return 'only root can run such servers in a namespace with a tap';
  return findFlags() === undefined ? 'root can make no namespaces with taps here' : undefined;
}

/** Returns why this user can make no namespaces with taps; undefined if this user can. */
export function reasonWithoutNamespaces(): string | undefined {
  return findFlags() === undefined
    ? 'this user can make no namespaces with taps here; they need unprivileged user namespaces and /dev/net/tun'
    : undefined;
}

/** Returns the flags of `unshare` that give namespaces in which this user may make taps. Throws when none do. */
function namespaceFlags(): string {
  const found = findFlags();
  if (found === undefined) throw new Error('this user can make no namespaces with taps');
  return found;
}

function findFlags(): string | undefined {
  // Where root may do without, it does: in a namespace of users nothing can change its group.
  return (isRoot ? ['-nm', '-Urnm'] : ['-Urnm', '-nm']).find((flags) => {
    const args = [flags, 'sh', '-c', 'ip tuntap add probe mode tap'];
    return spawnSync('unshare', args, { env: { ...process.env, PATH: searchPath } }).status === 0;
  });
}
