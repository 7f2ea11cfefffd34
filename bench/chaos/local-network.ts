import { Namespace } from '../harness/namespace.ts';
import type { Running } from '../harness/running.ts';
import type { Workplace } from '../harness/workplace.ts';
import { cut, mend } from './packet-filter.ts';

/** A machine on a local network. */
export interface Machine {
  readonly address: string;
  start(command: readonly string[]): Running;
  /** Pulls its cable: it loses its carrier. */
  unplug(): void;
  plug(): void;
  /** Lets its cable carry nothing from now on, though it has a carrier. */
  silence(): void;
  restore(): void;
  /** Drops all packets between it and an address from now on, without a word. */
  cut(address: string): Promise<void>;
  /** Drops them no longer. */
  mend(address: string): Promise<void>;
}

const [bridge, outside] = ['bridge', 'outside'];

/** Machines that are joined by a bridge of the kernel, in network namespaces. By default the first has the address `10.9.0.1`. */
export class LocalNetwork {
  readonly #workplace: Workplace;
  readonly #middle: Namespace;
  readonly #prefix: string;
  #machines = 0;
  #routes = false;

  private constructor(workplace: Workplace, middle: Namespace, prefix: string) {
    this.#workplace = workplace;
    this.#middle = middle;
    this.#prefix = prefix;
  }

  static async open(workplace: Workplace, prefix = '10.9.0', inside?: Namespace): Promise<LocalNetwork> {
    const middle = await Namespace.open(workplace, inside, 'cables');
    middle.run('ip', 'link', 'add', bridge, 'type', 'bridge');
    middle.run('ip', 'link', 'set', bridge, 'up');
    return new LocalNetwork(workplace, middle, prefix);
  }

  /** Makes a network of its own behind a router with NAT, which is a machine of this one. Its machines have the addresses `PREFIX.1` to `.253`. */
  async behindNat(prefix: string): Promise<LocalNetwork> {
    const behind = await LocalNetwork.open(this.#workplace, prefix, this.#middle);
    const address = this.#lay(behind.#middle, outside);
    await behind.#middle.sh(
      `ip address add ${address}/24 dev ${outside}`,
      `ip link set ${outside} up`,
      `ip address add ${behind.#router}/24 dev ${bridge}`,
      'echo 1 >/proc/sys/net/ipv4/ip_forward',
      'nft add table ip nat',
      "nft 'add chain ip nat out { type nat hook postrouting priority 100 ; }'",
      `nft add rule ip nat out oifname ${outside} masquerade`,
    );
    behind.#routes = true;
    return behind;
  }

  /** Adds a machine. */
  async machine(): Promise<Machine> {
    const [middle, own, card] = [this.#middle, await Namespace.open(this.#workplace, this.#middle), 'card'];
    const address = this.#lay(own, card);
    const cable = `cable${this.#machines}`;
    own.run('ip', 'address', 'add', `${address}/24`, 'dev', card);
    own.run('ip', 'link', 'set', card, 'up');
    if (this.#routes) own.run('ip', 'route', 'add', 'default', 'via', this.#router);
    const set = (...words: readonly string[]): void => void middle.run('ip', 'link', 'set', cable, ...words);
    return {
      address,
      start: (command) => own.start(command),
      unplug: () => set('down'),
      plug: () => set('up'),
      silence: () => set('nomaster'),
      restore: () => set('master', bridge),
      cut: (far) => cut(own, far),
      mend: (far) => mend(own, far),
    };
  }

  /** Drops all packets between this network and an address beyond its router from now on, without a word. */
  cut(address: string): Promise<void> {
    return cut(this.#middle, address);
  }

  /** Drops them no longer. */
  mend(address: string): Promise<void> {
    return mend(this.#middle, address);
  }

  get #router(): string {
    return `${this.#prefix}.254`;
  }

  /** Lays a cable from the bridge to a new card in a namespace. Returns the address for that. */
  #lay(to: Namespace, card: string): string {
    const number = ++this.#machines;
    const cable = `cable${number}`;
    this.#middle.run('ip', 'link', 'add', cable, 'type', 'veth', 'peer', 'name', card, 'netns', String(to.pid));
    this.#middle.run('ip', 'link', 'set', cable, 'master', bridge, 'up');
    return `${this.#prefix}.${number}`;
  }
}
