import { join } from 'node:path';
import { buildGuestImage, defaultGuestDirectory, type GuestImage } from '../../src/launcher/guest/guest-image.ts';
import { kernelCommandLine, machineArguments } from '../../src/launcher/guest/qemu-arguments.ts';
import type { Side } from './benchmark.ts';
import type { Running } from './running.ts';
import { programOf, startSwitch, untilAnswers } from './switches.ts';
import type { Workplace } from './workplace.ts';

/** How QEMU is plugged into a switch. */
export type NetdevKind = 'vde' | 'dgram' | 'stream';

/** A guest whose shell reads the input of the process, and whose console is the output of the process. */
export interface BenchGuest {
  readonly console: Running;
  readonly address: string;
}

/** A switch with two guests. */
export interface GuestPair {
  readonly switchProcess: Running;
  readonly first: BenchGuest;
  readonly second: BenchGuest;
}

/** QEMU for this machine's guests, and what makes their image. */
export const guestNeeds: readonly string[] = [qemuProgram(), 'apt-get', 'dpkg-deb'];

const memory = 128;
const bootTime = 120;

let image: Promise<GuestImage> | undefined;

/** Starts a switch and two guests on it, and waits until both can be told what to do. */
export async function startGuests(side: Side, workplace: Workplace, kind: NetdevKind): Promise<GuestPair> {
  // A guest is built once, and kept for the next time.
  image ??= buildGuestImage(defaultGuestDirectory(), { log: (message) => console.log(message) });
  const made = await image;
  const { switchProcess, netdevs } = await startSwitchFor(side, workplace, kind);
  const consoles = netdevs.map((netdev, i) => workplace.start([qemuProgram(), ...qemuArguments(made, netdev, i)]));
  const [first, second] = await Promise.all(consoles.map((running, i) => settle(running, `10.98.0.${i + 1}`)));
  if (!first || !second) throw new Error('there are two guests');
  return { switchProcess, first, second };
}

async function startSwitchFor(
  side: Side,
  workplace: Workplace,
  kind: NetdevKind,
): Promise<{ switchProcess: Running; netdevs: readonly string[] }> {
  if (kind === 'vde') {
    const { directory, process } = await startSwitch(side, workplace);
    return { switchProcess: process, netdevs: [0, 1].map(() => `vde,id=net,sock=${directory}`) };
  }
  const directory = workplace.path('switch');
  const ends = [0, 1].map((i) => plug(kind, join(workplace.directory, `port${i}`), join(workplace.directory, `nic${i}`)));
  const program = programOf(side, workplace, 'etherloom');
  const running = workplace.start([program, 'switch', '--sock', directory, ...ends.flatMap(({ port }) => ['--port', port])]);
  await untilAnswers(running, directory);
  return { switchProcess: running, netdevs: ends.map(({ netdev }) => netdev) };
}

/** Returns the two ends of one plug: the switch's port, and QEMU's. */
function plug(kind: 'dgram' | 'stream', port: string, nic: string): { port: string; netdev: string } {
  return kind === 'stream'
    ? { port: `qemu-stream-listen://${port}`, netdev: `stream,id=net,server=off,addr.type=unix,addr.path=${port}` }
    : {
        port: `qemu://${port},${nic}`,
        netdev: `dgram,id=net,local.type=unix,local.path=${nic},remote.type=unix,remote.path=${port}`,
      };
}

function qemuProgram(): string {
  return process.arch === 'arm64' ? 'qemu-system-aarch64' : 'qemu-system-x86_64';
}

/** Translated, since a machine that offers KVM need not be able to run it; one processor each. */
function qemuArguments({ architecture, kernel, initrd }: GuestImage, netdev: string, number: number): string[] {
  return [
    ['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-serial', 'stdio'],
    machineArguments(architecture, 'tcg'),
    ['-m', String(memory), '-kernel', kernel, '-initrd', initrd],
    ['-append', kernelCommandLine(architecture, { g_mode: 'none' })],
    ['-netdev', netdev, '-device', `virtio-net-pci,netdev=net,mac=02:00:00:00:98:0${number + 1},romfile=`],
  ].flat();
}

async function settle(running: Running, address: string): Promise<BenchGuest> {
  await running.line(/^READY/, bootTime);
  running.write(`ifconfig $(ls /sys/class/net | grep -v lo) ${address} netmask 255.255.255.0 up && echo SETTLED\n`);
  await running.line(/^SETTLED/);
  return { console: running, address };
}
