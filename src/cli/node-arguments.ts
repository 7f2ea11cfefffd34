import type { SwitchServiceOptions } from '../daemon/switch-service.ts';
import { EtherloomError } from '../errors.ts';
import { isLoopback, type TcpAddress } from '../ports/tcp-address.ts';
import type { GuestWish } from '../launcher/node-guest.ts';
import type { ManagementArguments } from './managed-service.ts';

/** What every command with a switch takes. */
export interface BacklogArguments {
  readonly backlogFrames: number;
  readonly backlogOctets: number;
  readonly backlogAge: number;
  readonly backlogBudget: number;
}

/** What `etherloom master` and `etherloom slave` both take. */
export interface NodeArguments extends BacklogArguments, ManagementArguments {
  readonly sock?: string;
  readonly state?: string;
  readonly guest?: string;
  readonly attach?: 'stream' | 'stream-server' | 'dgram' | 'vde';
  readonly accel?: 'auto' | 'tcg' | 'kvm';
  readonly qemu?: string;
  readonly memory?: number;
  readonly linkMtu: number;
  readonly control?: number;
  readonly plain: boolean;
}

/** What the arguments say of the guest; undefined when there is to be none. */
export function guestWish({ guest: image, attach, accel, qemu, memory }: NodeArguments): GuestWish | undefined {
  return image === undefined ? undefined : { image, attach, accel, qemu, memory };
}

/** What the arguments say of what is kept for those who do not read. */
export function backlogBounds({
  backlogFrames: frames,
  backlogOctets: octets,
  backlogAge: age,
  backlogBudget: budget,
}: BacklogArguments): NonNullable<SwitchServiceOptions['backlog']> {
  return { frames, octets, age, budget };
}

/** Throws unless the address is of this machine or the user said `--plain`; warns of what that means. */
export function checkPlain({ host }: TcpAddress, plain: boolean, warn: (message: string) => void): void {
  if (isLoopback(host)) return;
  if (!plain) {
    throw new EtherloomError(
      'not-permitted',
      `cannot use ${host} without --plain: links are not encrypted yet, and anyone on that network could read and send frames; give --plain if the network is private`,
    );
  }
  warn(`links by way of ${host} are not encrypted: anyone who can reach it can read and send frames`);
}
