import { EtherloomError } from '../errors.ts';
import { chance } from '../impairment/impairment.ts';
import type { Random } from '../random.ts';
import type { LabDisk } from './lab-disk.ts';
import type { PingOptions } from './lab-host-options.ts';
import type { LabHost, PingTarget } from './lab-host.ts';
import type { LabUdpOptions, LabUdpSocket, UdpProgram } from './lab-udp-socket.ts';
import { checkCount } from './numbers.ts';

/** Chance for a program: a number from 0 up to 1, exclusive. */
export interface HostRandom {
  (): number;
  /** Returns an integer from `least` to `most`, all equally likely. */
  integer(least: number, most: number): number;
}

/** The tools of a host's program. All of them end when the host crashes. They can be called as plain functions. */
export interface HostSurroundings {
  readonly host: LabHost;
  /** Opens a UDP socket; without a port, at a free one. `await socket.receive()` waits for a datagram. */
  readonly udp: (port?: number, program?: UdpProgram, options?: LabUdpOptions) => LabUdpSocket;
  /** Waits for a number of milliseconds of the host's own clock. */
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Returns milliseconds by the host's own clock. */
  readonly now: () => number;
  readonly random: HostRandom;
  readonly disk: LabDisk;
  /** Notes a line, which `host.log` has, and which failures quote. */
  readonly log: (text: string) => void;
  /** Resolves to the time of an echo in milliseconds; undefined if it does not come. */
  readonly ping: (to: PingTarget, options?: PingOptions) => Promise<number | undefined>;
}

/**
 * The program of a host, which runs when the host starts, and again after each crash. It may be asynchronous; an error or rejection ends the
 * run. It waits with its tools, `sleep`, `socket.receive`, `disk` and `ping`, not with `net.run`.
 */
export type HostProgram = (surroundings: HostSurroundings) => unknown;

/** A line that a program noted. */
export interface LogLine {
  /** In milliseconds. */
  readonly time: number;
  readonly text: string;
}

/** Returns the tools of that host's programs. They end with the host's current life: a dead program is never called again. */
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

/** Returns numbers made from a source of bits. */
export function hostRandom(source: Random): HostRandom {
  const random = (): number => chance(source);
  const integer = (least: number, most: number): number => {
    checkCount('the least number to be drawn', least, -Number.MAX_SAFE_INTEGER);
    checkCount('the most that is drawn', most, least);
    return least + Math.floor(chance(source) * (most - least + 1));
  };
  return Object.assign(random, { integer });
}
