import type { Timer } from '../clock.ts';
import { reasonOf } from '../errors.ts';
import type { DataPlane } from '../daemon/data-plane.ts';
import { isLoopback } from '../ports/exposure.ts';
import { vdeFraming } from '../ports/pure/frame-stream.ts';
import type { PortNumber } from '../ports/pure/port.ts';
import type { ByteChannel } from '../ports/stream/byte-channel.ts';
import { StreamPort } from '../ports/stream/stream-port.ts';
import type { Fingerprint } from '../star/fingerprint.ts';
import type { NodeId } from '../star/identity.ts';
import { hostOf } from '../star/master-context.ts';
import type { KeyFiles } from '../star/node/key-files.ts';
import { ownPlaces } from '../star/node/own-places.ts';
import { dialMember } from '../star/node/shortcut-dial.ts';
import { ShortcutDoor, type ShortcutCaller } from '../star/node/shortcut-door.ts';
import type { ShortcutDial, ShortcutEvents } from '../star/shortcut-context.ts';
import type { ShortcutEngine } from '../star/shortcut-engine.ts';
import type { SenderPolicy } from '../switch/sender-policy.ts';

/** The parts that connections of shortcuts need. */
export interface ShortcutSocketsParts {
  readonly keys: Pick<KeyFiles, 'shortcutSecurity'>;
  readonly plane: DataPlane;
  /** The judge of calls. It is made after the sockets, since it dials by them. */
  readonly engine: () => ShortcutEngine;
  /** Returns the policy for frames from a member; undefined while the master's rules are not known. */
  readonly policyOf: (id: NodeId) => SenderPolicy | undefined;
  /** The longest frame, in octets. Default: 65,535. */
  readonly maxFrame?: number | undefined;
}

/** The connection of a shortcut. */
export interface ShortcutPlace {
  readonly port: PortNumber;
  readonly id: NodeId;
  /** The address of the far end, `HOST:PORT`. */
  readonly address: string;
  /** The time at which it was made, in milliseconds of the clock. */
  readonly since: number;
}

/** All addresses of this machine. */
const everywhere = '::';

/** The most connections of one member that have not greeted yet: it may have dialled several addresses of this host at once. */
const mostCalls = 4;

/** The time in which a far end must greet once it has proven its key, in milliseconds. */
export const greetingTime = 5000;

/** The connections of a slave's shortcuts: the door for other slaves, the dialling of them, and a port at the switch for each. */
export class ShortcutSockets implements Disposable {
  readonly #parts: ShortcutSocketsParts;
  readonly #places = new Map<PortNumber, ShortcutPlace>();
  /** The connections that have come in and have not greeted, by their keys. */
  readonly #calls = new Map<Fingerprint, Set<PortNumber>>();
  /** The ends of the time in which far ends must greet. */
  readonly #greetings = new Map<PortNumber, Timer>();
  #door: ShortcutDoor | undefined;

  constructor(parts: ShortcutSocketsParts) {
    this.#parts = parts;
  }

  /** Opens the door at a port, 0 for a free one. Rejects with a SystemError (EADDRINUSE, EACCES). */
  async listen(port: number): Promise<void> {
    const { keys, plane, engine } = this.#parts;
    this.#door = await ShortcutDoor.open(
      {
        listen: { host: everywhere, port },
        // The key of each new handshake: the master may have demanded another one.
        security: { accept: (fd) => keys.shortcutSecurity.accept(fd) },
        admit: (key) => engine().admit(key),
        take: (channel, caller) => this.#take(channel, caller),
        hosts: () => engine().hosts,
      },
      plane.environment,
    );
  }

  /** Returns the places at which others may dial this slave: none without a door. */
  addresses(): readonly string[] {
    return this.#door ? ownPlaces({ host: everywhere, port: this.#door.port }) : [];
  }

  /** Returns the connections, also those on which the far end has not greeted yet. */
  list(): readonly ShortcutPlace[] {
    return [...this.#places.values()];
  }

  /** Holds each connection to the policy that its member has now. */
  renewPolicies(): void {
    for (const { port, id } of this.#places.values()) {
      const policy = this.#parts.policyOf(id);
      if (policy) this.#parts.plane.shortcuts.guard(port, policy);
    }
  }

  /** Dials a member, for the engine. */
  readonly dial: ShortcutDial = (target, events) => {
    const { keys, plane } = this.#parts;
    const attempt = new AbortController();
    let port: PortNumber | undefined;
    const onLoopback = this.addresses().every((address) => isLoopback(hostOf(address)));
    const means = { security: keys.shortcutSecurity, environment: plane.environment, onLoopback };
    dialMember(target, means, attempt.signal).then(
      ({ channel, address }) => {
        if (attempt.signal.aborted) channel[Symbol.dispose]();
        else port = this.#attach(channel, { id: target.id, address }, events);
      },
      (error: unknown) => {
        if (!attempt.signal.aborted) events.closed(reasonOf(error));
      },
    );
    return {
      [Symbol.dispose]: () => {
        attempt.abort();
        if (port !== undefined) this.#end(port);
      },
    };
  };

  /** Ends the calls of a key on which it has not greeted yet. */
  endCalls(key: Fingerprint): void {
    for (const port of this.#calls.get(key) ?? []) this.#end(port);
    this.#calls.delete(key);
  }

  /** Closes the door. The connections stay: the engine ends them. */
  [Symbol.dispose](): void {
    this.#door?.[Symbol.dispose]();
    this.#door = undefined;
  }

  /** Takes a call. It counts as a shortcut once the far end has greeted: a member that dialled several addresses greets on one. */
  #take(channel: ByteChannel, { key, id, from }: ShortcutCaller): void {
    const calls = this.#calls.get(key) ?? new Set<PortNumber>();
    if (calls.size >= mostCalls) {
      channel[Symbol.dispose]();
      return;
    }
    const call: { port?: PortNumber | undefined } = {};
    const settle = (): void => {
      if (call.port !== undefined && calls.delete(call.port) && calls.size === 0) this.#calls.delete(key);
    };
    let tell: ((reason: string) => void) | undefined;
    call.port = this.#attach(
      channel,
      { id, address: from },
      {
        opened: (link) => {
          settle();
          tell = this.#parts.engine().accept(key, link);
        },
        closed: (reason) => {
          settle();
          tell?.(reason);
        },
      },
    );
    if (call.port !== undefined) this.#calls.set(key, calls.add(call.port));
  }

  /** Gives a connection a port at the switch. Without the master's rules it ends. */
  #attach(channel: ByteChannel, { id, address }: Pick<ShortcutPlace, 'id' | 'address'>, events: ShortcutEvents): PortNumber | undefined {
    const { plane, policyOf, maxFrame } = this.#parts;
    const { environment, shortcuts } = plane;
    const policy = policyOf(id);
    if (!policy) {
      channel[Symbol.dispose]();
      events.closed('the master has not told its rules yet');
      return undefined;
    }
    const driver: StreamPort = new StreamPort(
      { module: 'tls', description: address, framing: vdeFraming, awaitsGreeting: true, ...(maxFrame !== undefined && { maxFrame }) },
      environment,
      { lost: (reason) => driver.end(reason), released: () => undefined },
    );
    driver.connect(channel);
    const port = shortcuts.add(driver, policy, {
      up: () => {
        this.#forgetGreeting(port);
        events.opened({ port, end: () => this.#end(port) });
      },
      closed: (reason) => {
        this.#forget(port);
        events.closed(reason);
      },
    });
    const timer = environment.clock.after(greetingTime, () => driver.end(`it did not greet within ${greetingTime / 1000} s`));
    this.#greetings.set(port, timer);
    this.#places.set(port, { port, id, address, since: environment.clock.monotonic() });
    return port;
  }

  #end(port: PortNumber): void {
    this.#forget(port);
    this.#parts.plane.shortcuts.end(port);
  }

  #forget(port: PortNumber): void {
    this.#places.delete(port);
    this.#forgetGreeting(port);
  }

  #forgetGreeting(port: PortNumber): void {
    this.#greetings.get(port)?.[Symbol.dispose]();
    this.#greetings.delete(port);
  }
}
