import { namespaceFlags } from './peers.ts';
import type { Running, RunningOptions } from './running.ts';
import { until, type Output, type Stage } from './stage.ts';

/** The network card of each host. */
export const card = 'tap';

/** A machine of its own as far as the network goes: namespaces for network and mounts, with one card. */
export class Host {
  readonly #stage: Stage;
  readonly #enter: readonly string[];

  private constructor(stage: Stage, enter: readonly string[]) {
    this.#stage = stage;
    this.#enter = enter;
  }

  /**
   * Makes it, with a card of that MAC address, and of that address if given (`10.0.0.1/24`). Files that programs write to /run and /var/lib
   * stay in it.
   */
  static async open(stage: Stage, { mac, address }: { mac: string; address?: string }): Promise<Host> {
    const flags = namespaceFlags();
    if (flags === undefined) throw new Error('no namespaces here');
    const steps = [
      'mount -t tmpfs none /run && mount -t tmpfs none /var/lib',
      'mkdir -p /run/dhcpcd /var/lib/dhcpcd /var/lib/dhcp',
      `ip link set lo up && ip tuntap add ${card} mode tap && ip link set ${card} address ${mac} up`,
      address === undefined ? 'true' : `ip address add ${address} dev ${card}`,
      'echo made && exec cat',
    ];
    const holder = stage.start(['unshare', flags, 'sh', '-c', steps.join(' && ')]);
    await holder.line(/^made$/);
    const user = flags.includes('U') ? ['-U', '--preserve-credentials'] : [];
    return new Host(stage, ['nsenter', '-t', String(holder.pid), ...user, '-n', '-m']);
  }

  /** Plugs the card into a switch by vde_plug2tap, the original or that one, and returns it when the card has its carrier. */
  async plug(directory: string, program = 'vde_plug2tap', options: readonly string[] = []): Promise<Running> {
    const plug = this.start([program, '-s', directory, ...options, card]);
    await until(`the card is plugged into ${directory}`, async () => {
      if (plug.ended) throw new Error(`vde_plug2tap ended: ${plug.lines.join(' ')}`);
      return (await this.run(['ip', 'link', 'show', card])).text.includes('LOWER_UP');
    });
    return plug;
  }

  /** Starts a process in it. */
  start(command: readonly string[], options?: RunningOptions): Running {
    return this.#stage.start([...this.#enter, ...command], options);
  }

  /** Runs a command in it to its end. */
  async run(command: readonly string[], options?: RunningOptions): Promise<Output> {
    return this.#stage.run([...this.#enter, ...command], options);
  }

  /** Pings an address, and returns the percentage that was lost. */
  async ping(address: string, { count = 3, interval = 0.2 } = {}): Promise<number> {
    const { text } = await this.run(['ping', '-c', String(count), '-i', String(interval), '-W', '2', address]);
    const lost = /([\d.]+)% packet loss/.exec(text)?.[1];
    if (lost === undefined) throw new Error(`ping says no figure: ${text}`);
    return Number(lost);
  }

  /** Returns the address that the card has. */
  async address(): Promise<string | undefined> {
    const { text } = await this.run(['ip', '-4', '-o', 'address', 'show', 'dev', card]);
    return /inet ([\d.]+)\//.exec(text)?.[1];
  }
}
