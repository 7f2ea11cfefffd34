import { spawnSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { searchPath, type Running } from './running.ts';
import type { Workplace } from './workplace.ts';

const patience = 10_000;
const isRoot = process.getuid?.() === 0;

/** The network cards that a namespace is for: those of processes, which need a device that not each user may open, or ends of cables. */
export type Cards = 'taps' | 'cables';

const probes: Readonly<Record<Cards, string>> = { taps: 'ip tuntap add probe mode tap', cables: 'ip link add probe type veth' };

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

  /**
   * Makes one; in another it belongs to the same user, and cards can be moved between them. `cards` are those that it is for; the first one decides
   * for those inside it. Default: taps.
   */
  static async open(workplace: Workplace, inside?: Namespace, cards: Cards = 'taps'): Promise<Namespace> {
    const flags = inside ? '-nm' : namespaceFlags(cards);
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

  /** Runs lines of shell in it, while this process goes on. Rejects when one fails. */
  async sh(...lines: readonly string[]): Promise<void> {
    const running = this.start(['sh', '-e', '-c', lines.join('\n')]);
    const status = await running.exit(patience / 1000);
    if (status !== 0) throw new Error(`${lines.join('; ')}: status ${status ?? 'none'}: ${running.said}`);
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

/** Returns why this user can make no namespaces with such cards; undefined if this user can. */
export function reasonWithoutNamespaces(cards: Cards = 'taps'): string | undefined {
  const tun = cards === 'taps' ? ' and /dev/net/tun' : '';
  return findFlags(cards) === undefined
    ? `this user can make no namespaces with ${cards} here; they need unprivileged user namespaces${tun}`
    : undefined;
}

/** Returns the flags of `unshare` that give namespaces in which this user may make such cards. Throws when none do. */
function namespaceFlags(cards: Cards): string {
  const found = findFlags(cards);
  if (found === undefined) throw new Error(`this user can make no namespaces with ${cards}`);
  return found;
}

function findFlags(cards: Cards = 'taps'): string | undefined {
  // Where root may do without, it does: in a namespace of users nothing can change its group.
  return (isRoot ? ['-nm', '-Urnm'] : ['-Urnm', '-nm']).find((flags) => {
    const args = [flags, 'sh', '-c', probes[cards]];
    return spawnSync('unshare', args, { env: { ...process.env, PATH: searchPath } }).status === 0;
  });
}
