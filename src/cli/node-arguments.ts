import { checkPortPlain } from '../daemon/plain.ts';
import type { SwitchServiceOptions } from '../daemon/switch-service.ts';
import type { SwitchManagement } from '../daemon/managed-switch.ts';
import { say } from '../daemon/serve.ts';
import type { Attachment, Card } from '../launcher/guest/attachment.ts';
import { libvirtElement, qemuWords } from '../launcher/guest/card-text.ts';
import type { GuestWish } from '../launcher/node-guest.ts';
import type { TellStanding } from '../launcher/node-standing.ts';
import type { CardWish } from '../launcher/own-card.ts';
import type { Log } from '../log.ts';
import type { Random } from '../random.ts';
import { CommandFaces } from './command-faces.ts';
import { httpFaces } from './http-option.ts';
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
  readonly shortcuts: boolean;
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

/** The faces of a node: those by which commands reach it, the HTTP server, and the service manager. */
export interface NodeFaces {
  readonly management: SwitchManagement;
  /** Reports the node's standing to commands and to the service manager. */
  readonly standing: TellStanding;
}

/** Returns the faces of a node that keeps its state in that directory. Throws the errors of `httpFaces`. */
export async function nodeFaces(
  given: NodeArguments,
  { role, state }: { readonly role: 'master' | 'slave'; readonly state: string },
  { random, log, status }: { readonly random: Random; readonly log: Log; readonly status: (text: string) => void },
): Promise<NodeFaces> {
  const http = await httpFaces(given, { random, log });
  const commands = new CommandFaces({ role, state, home: state }, random);
  return {
    management: { ...managementOf(given), faces: [...commands.faces, ...http] },
    standing: (now) => {
      commands.noteMember(now);
      status(now.text);
    },
  };
}
