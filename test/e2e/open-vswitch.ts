import { existsSync, mkdirSync } from 'node:fs';
import type { Machine } from './overlay-rig.ts';
import type { RunningOptions } from './running.ts';
import { until, type Stage } from './stage.ts';

/** The programs of Open vSwitch. */
export const ovsNeeds = ['ovsdb-tool', 'ovsdb-server', 'ovs-vsctl', 'ovs-vswitchd'];

/** Open vSwitch on a machine, without its kernel module: with a database, sockets and processes of its own, not the system's. */
export class OpenVswitch {
  readonly #machine: Machine;
  readonly #database: string;
  readonly #options: RunningOptions;

  private constructor(machine: Machine, directory: string) {
    this.#machine = machine;
    this.#database = `unix:${directory}/db.sock`;
    this.#options = { env: { OVS_RUNDIR: directory, OVS_LOGDIR: directory, OVS_DBDIR: directory } };
  }

  /** Starts it, in a directory of the stage. */
  static async open(stage: Stage, machine: Machine): Promise<OpenVswitch> {
    const directory = stage.path('ovs');
    mkdirSync(directory);
    const ovs = new OpenVswitch(machine, directory);
    await ovs.#run('ovsdb-tool', 'create', `${directory}/conf.db`, '/usr/share/openvswitch/vswitch.ovsschema');
    ovs.#start('ovsdb-server', `${directory}/conf.db`, `--remote=p${ovs.#database}`);
    await until('its database serves', () => existsSync(`${directory}/db.sock`));
    await ovs.set('--no-wait', 'init');
    ovs.#start('ovs-vswitchd', ovs.#database);
    return ovs;
  }

  /** Gives it a configuration by these words of ovs-vsctl, and waits until that is in force. */
  async set(...words: readonly string[]): Promise<void> {
    await this.#run('ovs-vsctl', `--db=${this.#database}`, '--timeout=20', ...words);
  }

  /** Makes a bridge of the datapath in userspace, with these cards, and gives the bridge itself those addresses. */
  async bridge(name: string, cards: readonly string[], ...addresses: readonly string[]): Promise<void> {
    const ports = cards.flatMap((card) => ['--', 'add-port', name, card]);
    await this.set('--', 'add-br', name, '--', 'set', 'bridge', name, 'datapath_type=netdev', ...ports);
    const flag = (address: string): string => (address.includes(':') ? 'nodad' : '');
    await this.#machine.sh(
      ...addresses.map((address) => `ip address add ${address} dev ${name} ${flag(address)}`),
      `ip link set ${name} mtu 1400 up`,
    );
  }

  /** Adds a tunnel to a bridge. It is protected: frames from one tunnel do not leave by another, since each end of a mesh reaches the others itself. */
  async tunnel(bridge: string, name: string, type: 'vxlan' | 'gre', options: Readonly<Record<string, string | number>>): Promise<void> {
    const words = Object.entries(options).map(([option, value]) => `options:${option}="${value}"`);
    const port = ['--', 'add-port', bridge, name, '--', 'set', 'interface', name, `type=${type}`, ...words];
    await this.set(...port, '--', 'set', 'port', name, 'protected=true');
  }

  #start(...command: readonly string[]): void {
    this.#machine.start(command, this.#options);
  }

  async #run(...command: readonly string[]): Promise<void> {
    const { status, text } = await this.#machine.run(command, this.#options);
    if (status !== 0) throw new Error(`${command.join(' ')}: ${text}`);
  }
}
