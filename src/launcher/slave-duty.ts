import type { DataPlane } from '../daemon/data-plane.ts';
import { frameOverhead } from '../daemon/segment-mtu.ts';
import { reasonOf } from '../errors.ts';
import type { Quality } from '../impairment/impairment.ts';
import type { Log } from '../log.ts';
import { vdeFraming } from '../ports/pure/frame-stream.ts';
import { StreamDialer } from '../ports/stream/stream-dialer.ts';
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
  #isGuestUp = false;
  /** Resolves when nothing is being changed. */
  #settled: Promise<unknown> = Promise.resolve();
  #open = true;

  constructor(options: SlaveDutyOptions) {
    this.#options = options;
  }

  /** Opens the link, and starts the guest. Rejects with the EtherloomErrors of the guest. */
  async begin(welcome: Welcome): Promise<void> {
    if (this.#options.group.engine.mayLink) this.#openLink();
    const options = this.#options.guestOf(welcome);
    if (!options) return;
    await this.#options.guest.start(options);
    this.#isGuestUp = true;
    // The master may have refused this slave meanwhile.
    if (!this.#options.group.engine.mayServe) this.#withdraw();
  }

  /** Does what an event of the membership demands. Failures are logged. */
  follow(event: SlaveEvent): void {
    if (event.type === 'joined') this.#then(() => this.#resume(event.welcome));
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

  async #resume(welcome: Welcome): Promise<void> {
    const { group, guest, guestOf } = this.#options;
    if (!group.engine.mayServe) return;
    if (!this.#link) this.#openLink();
    else if (this.#link.port.description !== group.link.name) this.#link.redirect(group.link);
    const options = guestOf(welcome);
    if (this.#isGuestUp || !options) return;
    if (!guest.beginRestart()) await guest.start(options);
    this.#isGuestUp = true;
  }

  #withdraw(): void {
    this.#closeLink();
    if (this.#isGuestUp) this.#options.guest.beginEnd();
    this.#isGuestUp = false;
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
