import { expect } from 'vitest';
import { networkFlags } from './peers.ts';
import type { Running } from './running.ts';
import { bin, poisoned, type Output, type Stage } from './stage.ts';

/** The two ends of a path, by version of IP. The far one has an address for each test: what a kernel has learned of a path is kept by address. */
export const ends = {
  4: { near: '10.1.0.1', far: (n: number) => `10.2.0.${n}` },
  6: { near: 'fd01::1', far: (n: number) => `fd02::${n}` },
} as const;

/** How many addresses the far end has. */
const farAddresses = 9;

/** A network of this user's own. */
class Network {
  readonly pid: string;
  readonly #stage: Stage;
  readonly #enter: readonly string[];

  constructor(stage: Stage, pid: string, flags: string) {
    this.#stage = stage;
    this.pid = pid;
    this.#enter = ['nsenter', '-t', pid, ...(flags.includes('U') ? ['-U', '--preserve-credentials'] : []), '-n'];
  }

  /** Starts a process in it. */
  start(command: readonly string[], options = {}): Running {
    return this.#stage.start([...this.#enter, ...command], options);
  }

  /** Starts `etherloom switch` in it, and returns that when it is ready. */
  async switch(...args: string[]): Promise<Running> {
    const running = this.start([bin('etherloom'), 'switch', ...args], poisoned);
    await running.line(/^ready$/);
    return running;
  }

  /** Runs lines of a shell in it. */
  async run(...lines: readonly string[]): Promise<void> {
    const { status, text }: Output = await this.#stage.run([...this.#enter, 'sh', '-e', '-c', lines.join('\n')]);
    expect(status, `${lines.join('\n')}: ${text}`).toBe(0);
  }

  /** Makes another one beside it. */
  async beside(): Promise<Network> {
    const holder = this.start(['unshare', '-n', 'sh', '-c', 'echo pid $$ && exec cat']);
    const [, pid = ''] = await holder.line(/^pid (\d+)$/);
    return new Network(this.#stage, pid, this.#enter.includes('-U') ? 'U' : '');
  }
}

/** Two networks with a router between them. The link behind the router takes packets of 1,400 octets at most, which the near network cannot know. */
export async function narrowPath(stage: Stage): Promise<{ readonly near: Network; readonly far: Network }> {
  const flags = networkFlags() ?? '';
  const holder = stage.start(['unshare', flags, 'sh', '-c', 'echo pid $$ && exec cat']);
  const [, pid = ''] = await holder.line(/^pid (\d+)$/);
  const near = new Network(stage, pid, flags);
  const [router, far] = [await near.beside(), await near.beside()];
  const up = (name: string, ...addresses: readonly string[]): string[] => [
    ...addresses.map((one) => `ip address add ${one} dev ${name}${one.includes(':') ? ' nodad' : ''}`),
    `ip link set ${name} up`,
  ];
  await near.run(`ip link add wide type veth peer name wide netns ${router.pid}`, ...up('wide', '10.1.0.1/24', 'fd01::1/64'));
  await router.run(
    'sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1',
    `ip link add narrow mtu 1400 type veth peer name narrow mtu 1400 netns ${far.pid}`,
    ...up('wide', '10.1.0.2/24', 'fd01::2/64'),
    ...up('narrow', '10.2.0.254/24', 'fd02::fe/64'),
  );
  const addresses = Array.from({ length: farAddresses }, (_, at) => [`${ends[4].far(at + 1)}/24`, `${ends[6].far(at + 1)}/64`]).flat();
  await far.run(...up('narrow', ...addresses), 'ip route add default via 10.2.0.254', 'ip -6 route add default via fd02::fe');
  await near.run('ip route add default via 10.1.0.2', 'ip -6 route add default via fd01::2');
  return { near, far };
}
