/**
 * A switch, or a node of a star, in a program of one's own. This file is its door, `etherloom/daemon`. It loads the native code only when
 * something is opened.
 */
import { requireLinux } from '../system/linux.ts';
import type { OwnMaster, OwnMasterOptions, OwnSlave, OwnSlaveOptions } from './own-star.ts';
import type { OwnSwitch, OwnSwitchOptions } from './own-switch.ts';
import type { Surroundings } from './surroundings.ts';

export { realClock, type Clock, type Timer } from '../clock.ts';
export { EtherloomError, SystemError, type ErrorCode } from '../errors.ts';
export { logTo, quietLog, type Log, type LogFields, type LogLevel, type LogSink } from '../log.ts';
export type { ServedNetworkOptions } from './network-text.ts';
export type {
  OwnGuestOptions,
  OwnLineOptions,
  OwnMaster,
  OwnMasterOptions,
  OwnNodeOptions,
  OwnSlave,
  OwnSlaveOptions,
} from './own-star.ts';
export type { OwnDhcpOptions, OwnSwitch, OwnSwitchOptions } from './own-switch.ts';
export type { Running, Surroundings } from './surroundings.ts';

/**
 * Opens a switch that VDE clients and QEMU connect to, in this process. Installs no handler of signals or errors, and never ends the
 * process. Throws EtherloomError: `not-supported` on a system other than Linux, and another code if any part cannot be opened; then none
 * stays open.
 *
 * @example
 * ```ts
 * import { openSwitch } from 'etherloom/daemon';
 *
 * await using net = await openSwitch({ directory: './net', dhcp: { subnet: '10.77.0.0/24', state: './leases' } });
 * console.log(`qemu-system-x86_64 -netdev vde,id=n,sock=${net.directory} …`);
 * ```
 */
export async function openSwitch(options: OwnSwitchOptions, surroundings: Surroundings = {}): Promise<OwnSwitch> {
  requireLinux('openSwitch of etherloom/daemon');
  const { ownSwitch } = await import('./own-switch.ts');
  return ownSwitch(options, surroundings);
}

/**
 * Opens the master of a star in this process: a switch, its DHCP server, and the door at which slaves join. Installs no handler of signals
 * or errors, and never ends the process. Throws EtherloomError if any part cannot be opened; then none stays open.
 *
 * @example
 * ```ts
 * import { openMaster, openSlave } from 'etherloom/daemon';
 *
 * await using master = await openMaster({ listen: '127.0.0.1:0', subnet: '10.77.0.0/24', directory: './m', state: './m-state' });
 * await using slave = await openSlave({ line: await master.newLine(), directory: './s', state: './s-state' });
 * console.log(`${slave.directory} is node ${slave.id}`);
 * ```
 */
export async function openMaster(options: OwnMasterOptions, surroundings: Surroundings = {}): Promise<OwnMaster> {
  requireLinux('openMaster of etherloom/daemon');
  const { ownMaster } = await import('./own-star.ts');
  return ownMaster(options, surroundings);
}

/**
 * Opens a slave of a star in this process: a switch that is linked to the master's. Waits for a master that it has never reached; a slave
 * that has joined before begins at once. Throws EtherloomError: `refused` if the master refuses it, `timed-out` if `signal` aborts, and
 * another code if any part cannot be opened; then none stays open.
 *
 * @example
 * ```ts
 * import { openMaster, openSlave } from 'etherloom/daemon';
 *
 * await using master = await openMaster({ listen: '127.0.0.1:0', subnet: '10.77.0.0/24', directory: './m', state: './m-state' });
 * const surroundings = { signal: AbortSignal.timeout(60_000) };
 * const line = await master.newLine();
 * await using slave = await openSlave({ line, id: 7, directory: './s', state: './s-state' }, surroundings);
 * console.log(slave.id); // 7
 * ```
 */
export async function openSlave(options: OwnSlaveOptions, surroundings: Surroundings = {}): Promise<OwnSlave> {
  requireLinux('openSlave of etherloom/daemon');
  const { ownSlave } = await import('./own-star.ts');
  return ownSlave(options, surroundings);
}
