import { batchSize } from '../../system/datagrams.ts';
import type { FixedOctets, Packet } from '../../system/packets.ts';
import type { PortDrop } from '../pure/port.ts';
import type { SendRefusal, Sink } from '../pure/send-queue.ts';
import type { PacketSender } from './packet-socket.ts';
import type { Remote } from './remotes.ts';

/** The environment of a sink in its port. */
export interface OverlaySinkOptions {
  readonly sender: PacketSender;
  /** The octets in front of each frame. */
  readonly header: FixedOctets;
  /** Returns the remotes that get a frame. */
  readonly remotesFor: (frame: Uint8Array) => readonly Remote[];
  /** Called for a packet that was not sent, with the errno's name, and EMSGSIZE also for a frame longer than `remote.longest`. */
  readonly refused: (remote: Remote, frame: Uint8Array, errno: string) => void;
}

/** A packet, and its place: the remote to which it goes, and the index of its frame. */
interface Addressed extends Packet {
  readonly remote: Remote;
  readonly at: number;
}

/** The results of the frames of a batch so far. */
interface Tally {
  /** The index of the first frame. */
  readonly from: number;
  /** True for frames that at least one remote gets, counted from the first. */
  readonly reached: boolean[];
  /** The reasons why others did not get theirs. */
  readonly refused: Map<number, PortDrop>;
}

/**
 * Sends frames as packets to remotes, several frames with one system call. A frame for several remotes counts as sent if one gets it; a
 * remote that refuses it does not keep others from theirs.
 */
export class OverlaySink implements Sink {
  readonly #options: OverlaySinkOptions;
  /** The results of the last batch that were not returned yet. */
  #results: (number | SendRefusal)[] = [];
  /** The number of packets of the first frame that have left, when the others had no room; and whether any remote gets it. */
  #begun = { packets: 0, reached: false };

  constructor(options: OverlaySinkOptions) {
    this.#options = options;
  }

  send(frames: readonly Uint8Array[], from: number, to: number): number | SendRefusal {
    if (this.#results.length === 0) this.#sendBatch(frames, from, to);
    return this.#results.shift() ?? 0;
  }

  forget(): void {
    this.#begun = { packets: 0, reached: false };
  }

  #sendBatch(frames: readonly Uint8Array[], from: number, to: number): void {
    const packets: Addressed[] = [];
    const tally: Tally = { from, reached: [], refused: new Map() };
    let end = from;
    for (; end < to && packets.length < batchSize; end++) this.#address(frames, end, packets, tally);
    packets.splice(0, this.#begun.packets);
    if (this.#begun.reached) tally.reached[0] = true;
    const sent = this.#sendAll(packets, tally);
    const stop = packets[sent]?.at ?? end;
    for (let at = from; at < stop; at++) this.#settle(tally.reached[at - from] ? undefined : (tally.refused.get(at) ?? 'no-carrier'));
    const first = packets.findIndex(({ at }) => at === stop);
    const before = stop === from ? this.#begun.packets : 0;
    this.#begun =
      first < 0 ? { packets: 0, reached: false } : { packets: before + sent - first, reached: tally.reached[stop - from] ?? false };
  }

  #address(frames: readonly Uint8Array[], at: number, packets: Addressed[], tally: Tally): void {
    const frame = frames[at];
    if (!frame) return;
    const { header, remotesFor } = this.#options;
    for (const remote of remotesFor(frame)) {
      // A remote without an address gets nothing: if it is the only one, the port has no carrier.
      if (!remote.to) continue;
      if (frame.length <= remote.longest) packets.push({ header, frame, to: remote.to, remote, at });
      else this.#refuse(tally, { remote, frame, at }, 'EMSGSIZE');
    }
  }

  /** Sends the packets, and returns the number of those that were sent or refused; the others have no room. */
  #sendAll(packets: readonly Addressed[], tally: Tally): number {
    let next = 0;
    while (next < packets.length) {
      const result = this.#options.sender.send(packets, next);
      if (result === 0) break;
      const packet = packets[next];
      if (typeof result === 'string' && packet) this.#refuse(tally, packet, result);
      const end = next + (typeof result === 'string' ? 1 : result);
      if (typeof result === 'number') this.#reach(tally, packets, next, end);
      next = end;
    }
    return next;
  }

  #reach({ from, reached }: Tally, packets: readonly Addressed[], next: number, end: number): void {
    for (let i = next; i < end; i++) {
      const packet = packets[i];
      if (!packet) continue;
      reached[packet.at - from] = true;
      packet.remote.sent = true;
    }
  }

  #refuse(tally: Tally, { remote, frame, at }: Pick<Addressed, 'remote' | 'frame' | 'at'>, errno: string): void {
    tally.refused.set(at, errno === 'EMSGSIZE' ? 'oversize' : 'send-failed');
    this.#options.refused(remote, frame, errno);
  }

  /** Adds a frame to the results: sent, or refused for a reason. */
  #settle(why: PortDrop | undefined): void {
    const last = this.#results.at(-1);
    if (why === undefined) {
      if (typeof last === 'number') this.#results[this.#results.length - 1] = last + 1;
      else this.#results.push(1);
    } else if (typeof last === 'object' && last.why === why) this.#results[this.#results.length - 1] = { why, frames: last.frames + 1 };
    else this.#results.push({ why, frames: 1 });
  }
}
