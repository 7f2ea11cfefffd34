import { join } from 'node:path';
import type { Scope } from '../daemon/scope.ts';
import type { PortEnvironment } from '../ports/environment.ts';
import type { Acceptor, Port } from '../ports/pure/port.ts';
import { dialQemu, listenQemu } from '../ports/qemu-stream.ts';
import { QemuPort } from '../ports/qemu.ts';
import type { Attachment, CardPlaces } from './guest/attachment.ts';

/** The owner of the switch's side of a card. */
export interface CardSwitch extends Acceptor {
  /** Adds a port at a free number. */
  add(port: Port): unknown;
}

/** Returns the sockets of a card in the directory of its guest. */
export function cardSockets(directory: string): CardPlaces['nic'] {
  return { local: join(directory, 'nic'), remote: join(directory, 'port') };
}

/**
 * Opens the switch's side of a card, until `scope` ends. A client of VDE needs none: it connects to the switch's directory. Throws the
 * EtherloomErrors of QemuPort.open and of the listener.
 */
export async function openCardPort(
  kind: Attachment['kind'],
  { local, remote }: CardPlaces['nic'],
  owner: CardSwitch,
  environment: PortEnvironment,
  scope: Scope,
): Promise<void> {
  if (kind === 'dgram') owner.add(scope.use(QemuPort.open({ local: remote, remote: local }, environment)));
  else if (kind === 'stream-server') owner.add(scope.use(dialQemu(local, {}, environment)).port);
  else if (kind === 'stream') scope.use(await listenQemu(remote, { acceptor: owner }, environment));
}
