import { checkPortPlain } from '../daemon/plain.ts';
import type { SwitchServiceOptions } from '../daemon/switch-service.ts';
import type { SwitchManagement } from '../daemon/managed-switch.ts';
import { say } from '../daemon/serve.ts';
import type { Attachment, Card } from '../launcher/guest/attachment.ts';
import { libvirtElement, qemuWords } from '../launcher/guest/card-text.ts';
import type { GuestWish } from '../launcher/node-guest.ts';
import type { CardWish } from '../launcher/own-card.ts';
import type { Random } from '../random.ts';
import { commandFaces } from './command-faces.ts';
import { managementOf, type ManagementArguments } from './managed-service.ts';

/** The backlog options of all commands with a switch. */
export interface BacklogArguments {
  readonly backlogFrames: number;
  readonly backlogOctets: number;
  readonly backlogAge: number;
  readonly backlogBudget: number;
}

/** The options that `etherloom master` and `etherloom slave` share. */
export interface NodeArguments extends BacklogArguments, ManagementArguments {
  readonly sock?: string;
  readonly state?: string;
  readonly port: readonly string[];
  readonly guest?: string;
  readonly attach?: Attachment['kind'];
  readonly accel?: 'auto' | 'tcg' | 'kvm';
  readonly qemu?: string;
  readonly memory?: number;
  readonly linkMtu: number;
  readonly plain: boolean;
  /** In seconds. */
  readonly deadAfter: number;
}

/**
 * Returns the addresses of a node's ports. Throws EtherloomError: `not-permitted` for one beyond this machine without `plain=yes`, since
 * `--plain` of a node is for its star's links alone, and `bad-address`.
 */
export function nodePorts({ port }: NodeArguments, warn: (message: string) => void): readonly string[] {
  for (const address of port) checkPortPlain(address, { plain: false }, warn);
  return port;
}

/** Returns the settings of the guest; undefined without one. */
export function guestWish({ guest: image, attach, accel, qemu, memory }: NodeArguments): GuestWish | undefined {
  return image === undefined ? undefined : { image, attach, accel, qemu, memory };
}

/** Returns the limits of the backlog. */
export function backlogBounds({
  backlogFrames: frames,
  backlogOctets: octets,
  backlogAge: age,
  backlogBudget: budget,
}: BacklogArguments): NonNullable<SwitchServiceOptions['backlog']> {
  return { frames, octets, age, budget };
}

/** Returns the settings of the card for a QEMU of the user's own. */
export function cardWish({ attach, qemu }: NodeArguments): CardWish {
  return { attach, qemu };
}

/** Prints how to attach a QEMU of the user's own: its arguments, and the element of a libvirt domain. */
export function sayCard(card: Card | undefined): void {
  if (!card) return;
  say(`qemu ${qemuWords(card)}`);
  say(`libvirt ${libvirtElement(card)}`);
}

/** Returns the settings of a node's management: its console, and the faces for commands. */
export function nodeManagement(given: NodeArguments, role: 'master' | 'slave', state: string, random: Random): SwitchManagement {
  return { ...managementOf(given), faces: commandFaces({ role, state, home: state }, random) };
}
