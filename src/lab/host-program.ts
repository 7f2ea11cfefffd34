import { EtherloomError } from '../errors.ts';
import { chance } from '../impairment/impairment.ts';
import type { Random } from '../random.ts';
import type { LabDisk } from './lab-disk.ts';
import type { PingOptions } from './lab-host-options.ts';
import type { LabHost, PingTarget } from './lab-host.ts';
import type { LabUdpOptions, LabUdpSocket, UdpProgram } from './lab-udp-socket.ts';
import { checkCount } from './numbers.ts';

/** Chance for a program: a number from 0 to 1, and never 1. */
export interface HostRandom {
  (): number;
  /** An integer from `least` to `most`, all equally likely. */
  integer(least: number, most: number): number;
}

/** What a host's program works with. All of it ends when the host crashes; none of it need be called by way of this object. */
export interface HostSurroundings {
  readonly host: LabHost;
  /** Opens a UDP socket; without a port, at one that is free. `await socket.receive()` waits for a datagram. */
  readonly udp: (port?: number, program?: UdpProgram, options?: LabUdpOptions) => LabUdpSocket;
  /** Waits so many milliseconds of the host's own clock. */
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Milliseconds by the host's own clock. */
  readonly now: () => number;
  readonly random: HostRandom;
  readonly disk: LabDisk;
  /** Notes a line, which `host.log` has, and which is told with what fails. */
  readonly log: (text: string) => void;
  /** Resolves with the milliseconds that an echo took; undefined when it does not come. */
  readonly ping: (to: PingTarget, options?: PingOptions) => Promise<number | undefined>;
}

/**
 * What a host does from its start on, and again after each crash. It may be asynchronous; what it throws or rejects with ends the run. It waits
 * by what it is given: `sleep`, `socket.receive`, `disk`, `ping`, and not by `net.run`.
 */
export type HostProgram = (surroundings: HostSurroundings) => unknown;

/** A line that a program noted. */
export interface LogLine {
  /** In milliseconds. */
  readonly time: number;
  readonly text: string;
}

/** What a program of that host works with. All of it ends with the life that the host has now: a program that is dead is never called again. */
export function surroundingsOf(host: LabHost): HostSurroundings {
  const { life } = host;
  const whileAlive = <T>(begin: (resolve: (value: T) => void) => void): Promise<T> =>
    new Promise((resolve) => {
      if (life.alive) begin((value) => life.alive && resolve(value));
    });
  return {
    host,
    udp: (port, program, options) => {
      if (!life.alive) throw new EtherloomError('bad-state', `${host.name} has crashed; end the program that called`);
      return host.udp(port, program, options);
    },
    sleep: (milliseconds) => whileAlive((resolve) => host.after(milliseconds, () => resolve())),
    now: () => host.clock.monotonic(),
    random: host.random,
    disk: host.disk,
    log: (text) => {
      if (life.alive) host.note(text);
    },
    ping: (to, options) => whileAlive((resolve) => host.startPing(to, resolve, options)),
  };
}

/** Numbers by a source of bits. */
export function hostRandom(source: Random): HostRandom {
  const random = (): number => chance(source);
  const integer = (least: number, most: number): number => {
    checkCount('the least number to be drawn', least, -Number.MAX_SAFE_INTEGER);
    checkCount('the most that is drawn', most, least);
    return least + Math.floor(chance(source) * (most - least + 1));
  };
  return Object.assign(random, { integer });
}
