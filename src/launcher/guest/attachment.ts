import { EtherloomError } from '../../errors.ts';
import type { Attachment } from './qemu-arguments.ts';
import type { Qemu } from './qemu-probe.ts';

interface Form {
  readonly kind: Attachment['kind'];
  /** The name of the netdev in QEMU. */
  readonly netdev: string;
  readonly maxMtu: number;
  /** The required version of QEMU, for messages. */
  readonly needs: string;
  readonly what: string;
}

/**
 * The ways to attach a card, best first. Streams cost the least per frame and carry the longest frames; datagrams come next. A QEMU that
 * listens for its switch writes without checking for room, so it is blocked while the switch is blocked.
 */
const forms: readonly Form[] = [
  { kind: 'stream', netdev: 'stream', maxMtu: 65_521, needs: 'QEMU 8.0 or later', what: 'QEMU reconnects when the switch comes back' },
  { kind: 'dgram', netdev: 'dgram', maxMtu: 9216, needs: 'QEMU 7.2 or later', what: 'QEMU continues when the switch comes back' },
  {
    kind: 'stream-server',
    netdev: 'stream',
    maxMtu: 65_521,
    needs: 'QEMU 7.2 or later',
    what: 'QEMU is blocked while the switch is blocked',
  },
  {
    kind: 'vde',
    netdev: 'vde',
    maxMtu: 9216,
    needs: 'a QEMU that was built with it',
    what: 'the card does not work again after the switch was gone',
  },
];

/**
 * Chooses how to attach the card: as requested, or the best way that this QEMU has and that carries the MTU. Throws EtherloomError:
 * `missing-peer` if this QEMU lacks the requested way, `bad-option` if no way carries the MTU.
 */
export function chooseAttachment(qemu: Qemu, mtu: number, wish?: Attachment['kind']): Attachment['kind'] {
  const wished = forms.filter(({ kind }) => wish === undefined || kind === wish);
  const able = wished.filter(
    (form) => qemu.netdevs.has(form.netdev) && (form.kind !== 'stream' || streamRedial(qemu.version) !== undefined),
  );
  const [chosen] = able.filter(({ maxMtu }) => mtu <= maxMtu);
  if (chosen) return chosen.kind;
  const [best] = able;
  if (best) {
    const refused = `a guest attached by ${best.kind} has an MTU of ${best.maxMtu} at most, and the network has one of ${mtu}; lower --mtu, or leave out --attach`;
    throw new EtherloomError('bad-option', refused);
  }
  const ways = wished.map(({ kind, needs }) => `by ${kind}, which needs ${needs}`).join('; ');
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
  return forms.some((form) => form.kind === kind && mtu <= form.maxMtu);
}

/** Returns true for the name of a way to attach a card. */
export function isAttachmentKind(value: unknown): value is Attachment['kind'] {
  return forms.some(({ kind }) => kind === value);
}

/** Describes a way to attach a card: its name in QEMU, and its behaviour when the switch is gone. */
export function describeAttachment(kind: Attachment['kind']): string {
  return forms
    .filter((form) => form.kind === kind)
    .map(({ netdev, what }) => `-netdev ${netdev}: ${what}`)
    .join();
}
