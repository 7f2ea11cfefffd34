import type { SwitchServiceOptions } from '../daemon/switch-service.ts';
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
