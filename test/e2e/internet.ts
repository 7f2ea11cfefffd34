import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Host } from './host.ts';
import { networkFlags, type Need } from './peers.ts';
import type { Running, RunningOptions } from './running.ts';
import { bin, poisoned, type Output, type Stage } from './stage.ts';

/** The needs of the tests of gateways: CI has no Internet, so a namespace plays it. */
export const gatewayNeeds: readonly Need[] = ['networks', '/usr/bin/vde_plug', 'dnsmasq'];

/** Their needs for a guest whose card is a tap. */
export const tapGuestNeeds: readonly Need[] = ['namespaces', 'vde_plug2tap', 'busybox'];

/** The one name that the Internet's DNS server knows, and what it has in its place. */
export const siteName = 'www.example.org';
/** The site of that name, and another. */
export const site = '203.0.113.80';
export const otherSite = '203.0.113.81';

/** Addresses of the machine's card, and of who is at the other end of its cable. */
const machineAddress = '198.51.100.2';
const internetAddress = '198.51.100.1';

const peer = join(import.meta.dirname, 'internet-peer.mjs');

/** A machine of its own with a card, and the Internet behind that: two sites and a DNS server, which is the machine's. */
export class Machine {
  /** The address of the machine's card. */
  readonly address = machineAddress;
  readonly #stage: Stage;
  readonly #enter: readonly string[];
  readonly #enterInternet: readonly string[];

  private constructor(stage: Stage, enter: readonly string[], enterInternet: readonly string[]) {
    this.#stage = stage;
    this.#enter = enter;
    this.#enterInternet = enterInternet;
  }

  /** Makes it, and starts the Internet's servers. */
  static async open(stage: Stage): Promise<Machine> {
    const flags = networkFlags();
    if (flags === undefined) throw new Error('no namespaces here');
    const resolver = stage.path('resolv.conf');
    writeFileSync(resolver, `nameserver ${internetAddress}\n`);
    const holder = stage.start([
      'unshare',
      flags,
      'sh',
      '-c',
      `mount --bind ${resolver} /etc/resolv.conf && ip link set lo up && ${holding}`,
    ]);
    await holder.line(/^made$/);
    const user = flags.includes('U') ? ['-U', '--preserve-credentials'] : [];
    const enter = (pid: number): string[] => ['nsenter', '-t', String(pid), ...user, '-n', '-m'];
    const internet = stage.start([...enter(holder.pid), 'unshare', '-n', 'sh', '-c', `ip link set lo up && ${holding}`]);
    await internet.line(/^made$/);
    const machine = new Machine(stage, enter(holder.pid), enter(internet.pid));
    await machine.#lay(internet.pid);
    await machine.#serve();
    return machine;
  }

  /** Starts a process on the machine. */
  start(command: readonly string[], options?: RunningOptions): Running {
    return this.#stage.start([...this.#enter, ...command], options);
  }

  /** Runs a command on the machine to its end. */
  async run(command: readonly string[], options?: RunningOptions): Promise<Output> {
    return this.#stage.run([...this.#enter, ...command], options);
  }

  /** Starts `etherloom` on the machine, and returns it when it is ready. */
  async etherloom(...args: readonly string[]): Promise<Running> {
    const running = this.start([bin('etherloom'), ...args], poisoned);
    await running.line(/^ready$/);
    return running;
  }

  /** Fetches a page from the machine itself. */
  async fetch(url: string): Promise<Output> {
    return this.run([process.execPath, peer, 'page', url]);
  }

  /** Starts a web server on the machine, at that address, and returns it when it serves. */
  async web(address: string, port: number): Promise<Running> {
    return this.#web(this.#enter, address, port);
  }

  async #web(enter: readonly string[], address: string, port: number): Promise<Running> {
    const running = this.#stage.start([...enter, process.execPath, peer, 'serve', address, String(port)]);
    await running.line(/^serving$/);
    return running;
  }

  /** Returns the cable. */
  async #lay(internet: number): Promise<void> {
    const card = [
      `ip link add up0 type veth peer name down0 netns ${internet}`,
      `ip address add ${machineAddress}/24 dev up0 && ip link set up0 up && ip route add default via ${internetAddress}`,
    ];
    const far = [
      `ip address add ${internetAddress}/24 dev down0 && ip link set down0 up`,
      `ip address add ${site}/32 dev lo && ip address add ${otherSite}/32 dev lo`,
    ];
    for (const [enter, steps] of [
      [this.#enter, card],
      [this.#enterInternet, far],
    ] as const) {
      const { status, text } = await this.#stage.run([...enter, 'sh', '-c', steps.join(' && ')]);
      if (status !== 0) throw new Error(text);
    }
  }

  async #serve(): Promise<void> {
    const names = ['-C', '/dev/null', '--no-hosts', '--no-resolv', '--bind-interfaces', '-i', 'down0', `--address=/${siteName}/${site}`];
    const dns = this.#stage.start([...this.#enterInternet, 'dnsmasq', '-d', ...names]);
    await dns.line(/started/);
    for (const address of [site, otherSite]) await this.#web(this.#enterInternet, address, 80);
  }
}

const holding = 'echo made && exec cat';

/** A guest that knows nothing: it takes whatever DHCP tells it. */
export class Guest {
  readonly host: Host;
  readonly #stage: Stage;

  private constructor(stage: Stage, host: Host) {
    this.#stage = stage;
    this.host = host;
  }

  /** Makes it, and plugs it into a switch of ours. */
  static async open(stage: Stage, directory: string, id = 1): Promise<Guest> {
    const host = await Host.open(stage, { mac: `02:65:6c:00:00:0${id}` });
    const resolver = stage.path(`guest${id}.conf`);
    writeFileSync(resolver, '');
    await host.run(['mount', '--bind', resolver, '/etc/resolv.conf']);
    await host.plug(directory, bin('vde_plug2tap'));
    return new Guest(stage, host);
  }

  /** Asks for a lease, and does what it says. Returns what udhcpc told. */
  async lease(): Promise<string> {
    const script = this.#stage.path('udhcpc.sh');
    writeFileSync(script, udhcpcScript);
    chmodSync(script, 0o755);
    const { status, text } = await this.host.run(['busybox', 'udhcpc', '-f', '-q', '-n', '-t', '5', '-T', '1', '-i', 'tap', '-s', script]);
    if (status !== 0) throw new Error(text);
    return text;
  }

  /** Fetches a page. */
  async fetch(url: string): Promise<Output> {
    return this.run('page', url);
  }

  /** Starts one of the peer's roles. */
  start(...words: readonly string[]): Running {
    return this.host.start([process.execPath, peer, ...words]);
  }

  /** Runs one of the peer's roles to its end. */
  async run(...words: readonly string[]): Promise<Output> {
    return this.host.run([process.execPath, peer, ...words]);
  }
}

const udhcpcScript = `#!/bin/sh
[ "$1" = bound ] || exit 0
ip address add "$ip/$mask" dev "$interface"
ip route add default via "$router"
for server in $dns; do echo "nameserver $server"; done > /etc/resolv.conf
echo "ip $ip router $router dns $dns server $serverid"
`;
