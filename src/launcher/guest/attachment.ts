import { EtherloomError } from '../../errors.ts';
import type { Attachment } from './qemu-arguments.ts';
import type { Qemu } from './qemu-probe.ts';

interface Form {
  readonly kind: Attachment['kind'];
  /** What QEMU calls it. */
  readonly netdev: string;
  readonly maxMtu: number;
  /** What it takes, for people. */
  readonly needs: string;
  readonly what: string;
}

/**
 * The ways to plug in a card, best first. Streams cost the least for each frame, and carry the longest; datagrams are next, since a QEMU
 * that listens for its switch stands still when that does: it writes to whom it has accepted without looking whether it can.
 */
const forms: readonly Form[] = [
  { kind: 'stream', netdev: 'stream', maxMtu: 65_521, needs: 'QEMU 8.0 or later', what: 'QEMU dials again when the switch was gone' },
  { kind: 'dgram', netdev: 'dgram', maxMtu: 9216, needs: 'QEMU 7.2 or later', what: 'QEMU goes on when the switch was gone' },
  {
    kind: 'stream-server',
    netdev: 'stream',
    maxMtu: 65_521,
    needs: 'QEMU 7.2 or later',
    what: 'QEMU waits for a switch that stands still',
  },
  { kind: 'vde', netdev: 'vde', maxMtu: 9216, needs: 'a QEMU that was built with it', what: 'the card is dead when the switch was gone' },
];

/**
 * How to plug in the card: as wished, else by what is best of what this QEMU has and the MTU goes through. Throws EtherloomError:
 * `missing-peer` when this QEMU cannot, `bad-option` when what it can carries no such MTU.
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
    const refused = `a guest attached by ${best.kind} has an MTU of ${best.maxMtu} at most, and the segment has one of ${mtu}`;
    throw new EtherloomError('bad-option', refused);
  }
  const ways = wished.map(({ kind, needs }) => `by ${kind}, which takes ${needs}`).join('; ');
  throw new EtherloomError(
    'missing-peer',
    `${qemu.program} ${qemu.version} cannot attach a guest ${ways}; choose another --attach, or install a newer QEMU`,
  );
}

/** How a QEMU of that version is told to dial a stream again; undefined before there was a way. [QEMU, QAPI, NetdevStreamOptions] */
export function streamRedial(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > 9 || (major === 9 && minor >= 2)) return 'reconnect-ms=200';
  return major >= 8 ? 'reconnect=1' : undefined;
}

/** Whether a card that is plugged in so can have that MTU. */
export function carriesMtu(kind: Attachment['kind'], mtu: number): boolean {
  return forms.some((form) => form.kind === kind && mtu <= form.maxMtu);
}

/** Whether that is a way to plug in a card. */
export function isAttachmentKind(value: unknown): value is Attachment['kind'] {
  return forms.some(({ kind }) => kind === value);
}

/** A way to plug in a card, in QEMU's words, and what follows from it. */
export function describeAttachment(kind: Attachment['kind']): string {
  return forms
    .filter((form) => form.kind === kind)
    .map(({ netdev, what }) => `-netdev ${netdev}: ${what}`)
    .join();
}
