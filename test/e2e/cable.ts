import { networkFlags } from './peers.ts';
import type { Running, RunningOptions } from './running.ts';
import { bin, poisoned, type Output, type Stage } from './stage.ts';

/** The addresses at the ends of the cable, by version of IP. */
export const addresses = {
  4: { near: '10.9.0.1', far: '10.9.0.2' },
  6: { near: 'fd09::1', far: 'fd09::2' },
} as const;

/** One of two machines with a cable between them, as far as the network goes. */
export class CableEnd {
  readonly #stage: Stage;
  readonly #enter: readonly string[];

  constructor(stage: Stage, enter: readonly string[]) {
    this.#stage = stage;
    this.#enter = enter;
  }

  /** Starts a process on it. */
  start(command: readonly string[], options?: RunningOptions): Running {
    return this.#stage.start([...this.#enter, ...command], options);
  }

  /** Runs a command on it to its end. */
  async run(command: readonly string[], options?: RunningOptions): Promise<Output> {
    return this.#stage.run([...this.#enter, ...command], options);
  }

  /** Starts `etherloom` on it, and returns it when it is ready. */
  async etherloom(...args: readonly string[]): Promise<Running> {
    const running = this.start([bin('etherloom'), ...args], poisoned);
    await running.line(/^ready$/);
    return running;
  }

  /** Records what crosses its end of the cable, `near` or `far`. */
  async record(card: 'near' | 'far', file: string): Promise<Running> {
    const dumpcap = this.start(['dumpcap', '-q', '-P', '-i', card, '-w', file]);
    await dumpcap.line(/^File:/);
    return dumpcap;
  }
}

const holding = 'ip link set lo up && echo made && exec cat';

/** Makes two machines with a cable between them, in namespaces that an ordinary user may make. Needs `networks`. */
export async function layCable(stage: Stage): Promise<{ readonly near: CableEnd; readonly far: CableEnd }> {
  const flags = networkFlags();
  if (flags === undefined) throw new Error('no namespaces here');
  const holder = stage.start(['unshare', flags, 'sh', '-c', holding]);
  await holder.line(/^made$/);
  const user = flags.includes('U') ? ['-U', '--preserve-credentials'] : [];
  const enter = (pid: number): string[] => ['nsenter', '-t', String(pid), ...user, '-n', '-m'];
  const other = stage.start([...enter(holder.pid), 'unshare', '-n', 'sh', '-c', holding]);
  await other.line(/^made$/);
  const near = new CableEnd(stage, enter(holder.pid));
  const far = new CableEnd(stage, enter(other.pid));
  await done(near, `ip link add near type veth peer name far netns ${other.pid}`);
  for (const [end, name] of [
    [near, 'near'],
    [far, 'far'],
  ] as const) {
    const { [name]: ipv4 } = addresses[4];
    const { [name]: ipv6 } = addresses[6];
    await done(end, `ip link set ${name} up && ip address add ${ipv4}/24 dev ${name} && ip address add ${ipv6}/64 dev ${name} nodad`);
  }
  return { near, far };
}

async function done(end: CableEnd, steps: string): Promise<void> {
  const { status, text } = await end.run(['sh', '-c', steps]);
  if (status !== 0) throw new Error(text);
}
