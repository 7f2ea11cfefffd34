import type { DataPlane } from '../daemon/data-plane.ts';
import { frameOverhead } from '../daemon/segment-mtu.ts';
import { reasonOf } from '../errors.ts';
import type { Quality } from '../impairment/impairment.ts';
import type { Log } from '../log.ts';
import { vdeFraming } from '../ports/pure/frame-stream.ts';
import { StreamDialer } from '../ports/stream/stream-dialer.ts';
import type { Fingerprint } from '../star/fingerprint.ts';
import type { Welcome } from '../star/messages.ts';
import type { SlaveEvent } from '../star/slave-event.ts';
import type { GroupSlave } from './group-slave.ts';
import type { NodeGuest, NodeGuestOptions } from './node-guest.ts';
import type { StarLinks } from './star-links.ts';

/** The parts of a slave that serves. */
export interface SlaveDutyOptions {
  readonly group: GroupSlave;
  readonly plane: DataPlane;
  readonly links: StarLinks;
  readonly guest: NodeGuest;
  /** Returns the options of the guest; undefined without one. */
  readonly guestOf: (welcome: Welcome) => NodeGuestOptions | undefined;
  /** The largest MTU on the link, in octets. Default: as much as it can carry. */
  readonly linkMtu?: number | undefined;
  /** How long the master may be silent before the link to it ends, in milliseconds. Default: 5,000. */
  readonly deadAfter?: number | undefined;
  /** The impairment of the link, in each direction. Default: none. */
  readonly impair?: Quality | undefined;
  readonly log: Log;
}

/**
 * The link and the guest of a slave. Both end when the master refuses it for another process with its key, or its membership is over. The link
 * alone ends when it is refused for good for another reason: its link would be, too.
 */
export class SlaveDuty implements AsyncDisposable {
  readonly #options: SlaveDutyOptions;
  #link: StreamDialer | undefined;
  /** The options of the guest that is up. */
  #guest: NodeGuestOptions | undefined;
  /** Resolves when nothing is being changed. */
  #settled: Promise<void> = Promise.resolve();
  #open = true;

  constructor(options: SlaveDutyOptions) {
    this.#options = options;
  }

  /** Opens the link, and starts the guest. Rejects with the EtherloomErrors of the guest. Events that come meanwhile are followed afterwards. */
  async begin(welcome: Welcome): Promise<void> {
    const begun = this.#begin(welcome);
    this.#settled = begun.catch(() => undefined);
    await begun;
  }

  /** Does what an event of the membership demands. Failures are logged. */
  follow(event: SlaveEvent): void {
    if (event.type === 'joined') this.#then(() => this.#resume(event.welcome));
    else if (event.type === 'new-pin') this.#then(() => this.#renewLink(event.before));
    else if (!this.#options.group.engine.mayServe) this.#then(() => this.#withdraw());
    else if (!this.#options.group.engine.mayLink) this.#then(() => this.#closeLink());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#open = false;
    await this.#settled;
    await this.#link?.[Symbol.asyncDispose]();
  }

  #then(change: () => Promise<void> | void): void {
    this.#settled = this.#settled.then(async () => {
      if (!this.#open) return;
      try {
        await change();
      } catch (error) {
        this.#options.log.error(`cannot follow the master: ${reasonOf(error)}`);
      }
    });
  }

  async #begin(welcome: Welcome): Promise<void> {
    const { group, guest, guestOf } = this.#options;
    if (group.engine.mayLink) this.#openLink();
    const options = guestOf(welcome);
    if (!options) return;
    await guest.start(options);
    this.#guest = options;
  }

  async #resume(welcome: Welcome): Promise<void> {
    const { group, guest, guestOf } = this.#options;
    if (!group.engine.mayServe) return;
    if (!this.#link) this.#openLink();
    else if (this.#link.port.description !== group.link.name) this.#link.redirect(group.link);
    const options = guestOf(welcome);
    if (!options || (this.#guest && isSame(this.#guest, options))) return;
    if (!guest.beginRestart(options)) await guest.start(options);
    this.#guest = options;
  }

  /** Makes the link anew if its far end has proven a pin that counts no more: that may be a thief's. */
  #renewLink(before: Fingerprint): void {
    const { group } = this.#options;
    if (group.linkPin === before) this.#link?.redirect(group.link);
  }

  #withdraw(): void {
    this.#closeLink();
    if (this.#guest) this.#options.guest.beginEnd();
    this.#guest = undefined;
  }

  /** Ends the link, and its port at the switch. */
  #closeLink(): void {
    const link = this.#link;
    this.#link = undefined;
    link?.port.end('the master refuses this slave');
  }

  #openLink(): void {
    const { group, plane, links, linkMtu, impair, deadAfter } = this.#options;
    const options = {
      module: group.keys ? 'tls' : 'tcp',
      framing: vdeFraming,
      // It counts as linked when the master's switch has greeted, and not when its host takes the connection.
      awaitsGreeting: true,
      deadAfter,
      alive: () => group.engine.heard(),
      ...(linkMtu !== undefined && { maxFrame: linkMtu + frameOverhead.tagged }),
    };
    this.#link = new StreamDialer(group.link, options, plane.environment);
    const number = links.add(this.#link.port);
    if (impair) plane.ports.setCondition(number, { impairment: impair });
  }
}

/** Returns true if the guest has the card that the master assigns. */
function isSame(a: NodeGuestOptions, b: NodeGuestOptions): boolean {
  return a.id === b.id && a.mac === b.mac && a.mtu === b.mtu;
}
