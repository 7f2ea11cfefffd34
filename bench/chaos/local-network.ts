import { Namespace } from '../harness/namespace.ts';
import type { Running } from '../harness/running.ts';
import type { Workplace } from '../harness/workplace.ts';

/** A machine on the local network. */
export interface Machine {
  readonly address: string;
  start(command: readonly string[]): Running;
  /** Pulls its cable: it loses its carrier. */
  unplug(): void;
  plug(): void;
  /** Lets its cable carry nothing from now on, though it has a carrier. */
  silence(): void;
  restore(): void;
}

const bridge = 'bridge';

/** Machines that are joined by a bridge of the kernel, in network namespaces. The first has the address `10.9.0.1`. */
export class LocalNetwork {
  readonly #workplace: Workplace;
  readonly #middle: Namespace;
  #machines = 0;

  private constructor(workplace: Workplace, middle: Namespace) {
    this.#workplace = workplace;
    this.#middle = middle;
  }

  static async open(workplace: Workplace): Promise<LocalNetwork> {
    const middle = await Namespace.open(workplace);
    middle.run('ip', 'link', 'add', bridge, 'type', 'bridge');
    middle.run('ip', 'link', 'set', bridge, 'up');
    return new LocalNetwork(workplace, middle);
  }

  /** Adds a machine. */
  async machine(): Promise<Machine> {
    const number = ++this.#machines;
    const [cable, card, address] = [`cable${number}`, 'card', `10.9.0.${number}`];
    const [middle, own] = [this.#middle, await Namespace.open(this.#workplace, this.#middle)];
    middle.run('ip', 'link', 'add', cable, 'type', 'veth', 'peer', 'name', card, 'netns', String(own.pid));
    middle.run('ip', 'link', 'set', cable, 'master', bridge, 'up');
    own.run('ip', 'address', 'add', `${address}/24`, 'dev', card);
    own.run('ip', 'link', 'set', card, 'up');
    const set = (...words: readonly string[]): void => void middle.run('ip', 'link', 'set', cable, ...words);
    return {
      address,
      start: (command) => own.start(command),
      unplug: () => set('down'),
      plug: () => set('up'),
      silence: () => set('nomaster'),
      restore: () => set('master', bridge),
    };
  }
}
