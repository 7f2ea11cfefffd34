import { resolve } from 'node:path';
import { EtherloomError } from '../../errors.ts';
import { formatMac, type MacAddress } from '../../wire/mac.ts';
import type { Qemu } from './qemu.ts';

/** How a guest's network card is attached. Paths are absolute. */
export type Attachment =
  /** QEMU connects to `path`. When the switch is gone, it reconnects as `redial` says. QEMU >= 8.0. */
  | { readonly kind: 'stream'; readonly path: string; readonly redial: string }
  /**
   * QEMU listens at `path`, and accepts one switch after another. If the switch does not read, QEMU and the guest are blocked. QEMU >= 7.2.
   */
  | { readonly kind: 'stream-server'; readonly path: string }
  /** QEMU binds `local` and sends each frame as one datagram to `remote`. Either side may go and come back. QEMU >= 7.2. */
  | { readonly kind: 'dgram'; readonly local: string; readonly remote: string }
  /** QEMU is a client of the VDE switch at `directory`, which must already run. When the switch goes, the card stops working for good. */
  | { readonly kind: 'vde'; readonly directory: string };

/** The files by which a card and a switch find each other. */
export interface CardPlaces {
  /** The sockets of the card: QEMU's own, `local`, and the switch's, `remote`. */
  readonly nic: { readonly local: string; readonly remote: string };
  /** The directory of the VDE switch. */
  readonly vdeDirectory: string;
}

/** One way to attach a card. */
interface Form<Kind extends Attachment['kind'] = Attachment['kind']> {
  /** The name of the netdev in QEMU. */
  readonly netdev: string;
  readonly maxMtu: number;
  /** The required version of QEMU, for messages. */
  readonly needs: string;
  readonly what: string;
  /** Returns the attachment at these places; `redial` is the option that makes QEMU reconnect. */
  readonly at: (places: CardPlaces, redial: string) => Extract<Attachment, { kind: Kind }>;
  /** Returns the options of the netdev after its id. */
  readonly options: (attachment: Extract<Attachment, { kind: Kind }>) => string;
  /** Returns the sockets that QEMU makes and leaves behind. */
  readonly leaves: (attachment: Extract<Attachment, { kind: Kind }>) => readonly string[];
}

const none = (): readonly string[] => [];

/**
 * The ways to attach a card, best first. Streams cost the least per frame and carry the longest frames; datagrams come next. A QEMU that
 * listens for its switch writes without checking for room, so it is blocked while the switch is blocked.
 */
const forms: { readonly [Kind in Attachment['kind']]: Form<Kind> } = {
  stream: {
    netdev: 'stream',
    maxMtu: 65_521,
    needs: 'QEMU 8.0 or later',
    what: 'QEMU reconnects when the switch comes back',
    at: ({ nic }, redial) => ({ kind: 'stream', path: resolve(nic.remote), redial }),
    options: ({ path, redial }) => `server=off,addr.type=unix,addr.path=${escaped(path)},${redial}`,
    leaves: none,
  },
  dgram: {
    netdev: 'dgram',
    maxMtu: 9216,
    needs: 'QEMU 7.2 or later',
    what: 'QEMU continues when the switch comes back',
    at: ({ nic }) => ({ kind: 'dgram', local: resolve(nic.local), remote: resolve(nic.remote) }),
    options: ({ local, remote }) => `local.type=unix,local.path=${escaped(local)},remote.type=unix,remote.path=${escaped(remote)}`,
    leaves: ({ local }) => [local],
  },
  'stream-server': {
    netdev: 'stream',
    maxMtu: 65_521,
    needs: 'QEMU 7.2 or later',
    what: 'QEMU is blocked while the switch is blocked',
    at: ({ nic }) => ({ kind: 'stream-server', path: resolve(nic.local) }),
    options: ({ path }) => `server=on,addr.type=unix,addr.path=${escaped(path)}`,
    leaves: ({ path }) => [path],
  },
  vde: {
    netdev: 'vde',
    maxMtu: 9216,
    needs: 'a QEMU that was built with it',
    what: 'the card does not work again after the switch was gone',
    at: ({ vdeDirectory }) => ({ kind: 'vde', directory: resolve(vdeDirectory) }),
    options: ({ directory }) => `sock=${escaped(directory)}`,
    leaves: none,
  },
};

/** The names of the ways to attach a card, best first. */
export const attachmentKinds = Object.keys(forms) as readonly Attachment['kind'][];

/** Returns the attachment of that kind at these places; `redial` is the option that makes QEMU reconnect a stream. */
export function attachmentAt(kind: Attachment['kind'], places: CardPlaces, redial: string): Attachment {
  return forms[kind].at(places, redial);
}

/** Returns the sockets that QEMU makes and leaves behind. */
export function socketsLeftBy(attachment: Attachment): readonly string[] {
  return formOf(attachment).leaves(attachment);
}

/** The card of a guest. */
export interface Card {
  readonly attachment: Attachment;
  readonly mac: MacAddress;
  /** The MTU of its network, in octets, of which the card informs its guest. Default: the guest gets it by DHCP. */
  readonly mtu?: number | undefined;
}

/** The card's name within QEMU. */
export const cardName = 'net';

/** Returns the arguments of QEMU for a card. */
export function cardArguments({ attachment, mac, mtu }: Card): string[] {
  const { netdev, options } = formOf(attachment);
  // The card has no boot ROM. This saves 60 KiB of loading, and the ROM's own request for an address before the guest's.
  const device = `virtio-net-pci,netdev=${cardName},mac=${formatMac(mac)}${mtu === undefined ? '' : `,host_mtu=${mtu}`},romfile=`;
  return ['-netdev', `${netdev},id=${cardName},${options(attachment)}`, '-device', device];
}

/** Doubles the commas in a value: in QEMU's option lists a single one separates. */
export function escaped(value: string): string {
  return value.replaceAll(',', ',,');
}

/** Returns the form of an attachment. The type ties it to that attachment's kind, which the compiler cannot see. */
function formOf(attachment: Attachment): Form {
  return forms[attachment.kind] as unknown as Form;
}

/**
 * Chooses how to attach the card: as requested, or the best way that this QEMU has and that carries the MTU. Throws EtherloomError:
 * `missing-peer` if this QEMU lacks the requested way, `bad-option` if no way carries the MTU.
 */
export function chooseAttachment(qemu: Qemu, mtu: number, wish?: Attachment['kind']): Attachment['kind'] {
  const wished = wish === undefined ? attachmentKinds : [wish];
  const able = wished.filter(
    (kind) => qemu.netdevs.has(forms[kind].netdev) && (kind !== 'stream' || streamRedial(qemu.version) !== undefined),
  );
  const chosen = able.find((kind) => carriesMtu(kind, mtu));
  if (chosen) return chosen;
  const [best] = able;
  if (best) {
    const refused = `a guest attached by ${best} has an MTU of ${forms[best].maxMtu} at most, and the network has one of ${mtu}; lower --mtu, or leave out --attach`;
    throw new EtherloomError('bad-option', refused);
  }
  const ways = wished.map((kind) => `by ${kind}, which needs ${forms[kind].needs}`).join('; ');
  throw new EtherloomError(
    'missing-peer',
    `${qemu.program} ${qemu.version} cannot attach a guest ${ways}; choose another --attach, or install a newer QEMU`,
  );
}

/**
 * Returns the option that makes a QEMU of this version reconnect a stream; undefined if the version has none. [QEMU, QAPI,
 * NetdevStreamOptions]
 */
export function streamRedial(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > 9 || (major === 9 && minor >= 2)) return 'reconnect-ms=200';
  return major >= 8 ? 'reconnect=1' : undefined;
}

/** Returns true if a card attached in this way can have this MTU. */
export function carriesMtu(kind: Attachment['kind'], mtu: number): boolean {
  return mtu <= forms[kind].maxMtu;
}

/** Returns true for the name of a way to attach a card. */
export function isAttachmentKind(value: unknown): value is Attachment['kind'] {
  return attachmentKinds.some((kind) => kind === value);
}

/** Describes a way to attach a card: its name in QEMU, and its behaviour when the switch is gone. */
export function describeAttachment(kind: Attachment['kind']): string {
  return `-netdev ${forms[kind].netdev}: ${forms[kind].what}`;
}
