import { formatMac } from '../../wire/mac.ts';
import type { Managed } from '../managed.ts';
import { reads, writes } from '../operation.ts';

/** The sockets of a switch. */
export interface SocketsView {
  readonly directory: string;
  /** The permission bits of the sockets in it. */
  readonly mode: number;
}

/** A switch as a process. */
export interface SwitchView {
  readonly pid: number;
  /** Its MAC address in spanning trees. */
  readonly mac: string;
  /** In whole seconds. */
  readonly uptime: number;
  /** The console's own socket, if it has one. */
  readonly management: { readonly path: string; readonly mode: number } | undefined;
}

/** Shows the directory of the sockets, and their mode. */
export const showSockets = reads(
  'switch.sockets',
  'show the directory and the mode of its sockets',
  ({ directory, mode }: Managed): SocketsView => ({ directory, mode }),
);

/** Shows the switch. */
export const showSwitch = reads(
  'switch.showinfo',
  'show the process id, the MAC address and the uptime',
  ({ clock, startedAt, pid, management, switch: { fstp } }: Managed): SwitchView => ({
    pid,
    mac: formatMac(fstp.self.mac),
    uptime: Math.floor((clock.monotonic() - startedAt) / 1000),
    management,
  }),
);

/** Ends the switch. */
export const shutDown = writes('switch.shutdown', 'end the switch', ({ shutdown }): void => shutdown());
