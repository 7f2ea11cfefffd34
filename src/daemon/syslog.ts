/**
 * Writes to the system's log through a datagram socket of its own, since syslog(3) blocks on a daemon that does not read. [syslog(3), RFC 3164]
 */
import { closeSync } from 'node:fs';
import { basename } from 'node:path';
import { localTime } from './local-time.ts';
import { realClock, type Clock } from '../clock.ts';
import type { LogLevel } from '../log.ts';
import { SystemError } from '../errors.ts';
import { Outlet } from '../system/outlet.ts';
import { StreamMemory } from '../system/stream-socket.ts';
import { connectPath, datagramSocket, streamSocket, type Fd } from '../system/unix-socket.ts';

const LOG_DAEMON = 24;
const severities: Readonly<Record<LogLevel, number>> = { error: 3, warn: 4, info: 6 };

/** The longest line that is sent, in octets. Daemons accept a line of that length whole. */
const longest = 8192;

/** The most that waits for a daemon that does not read, in octets. */
const mostWaiting = 64 * 1024;

/** The socket of a system log. */
export interface SyslogOptions {
  readonly path?: string;
  readonly clock?: Clock;
}

/** A connection to the system's log. Messages are lost while no daemon listens, as with syslog(3). */
export class Syslog {
  readonly #name: string;
  readonly #path: string;
  readonly #memory = new StreamMemory(longest + 1);
  readonly #outlet: Outlet;
  #socket: { readonly fd: Fd; readonly kind: 'stream' | 'datagram' } | undefined;

  /** The name precedes each line, with the process's id. */
  constructor(name: string, { path = '/dev/log', clock = realClock }: SyslogOptions = {}) {
    this.#name = basename(name);
    this.#path = path;
    const lost = (count: number): string => this.#lineOf(`${count} lines lost: the system log did not read them`, 'warn');
    this.#outlet = new Outlet((octets) => this.#give(octets), { clock, limit: mostWaiting, lost });
    this.#connect();
  }

  tell(message: string, level: LogLevel = 'info'): void {
    this.#outlet.write(this.#lineOf(message, level));
  }

  /** Reconnects with the next line. */
  reopen(): void {
    if (this.#socket) closeSync(this.#socket.fd);
    this.#socket = undefined;
  }

  #lineOf(message: string, level: LogLevel): string {
    return `<${LOG_DAEMON + severities[level]}>${localTime()} ${this.#name}[${process.pid}]: ${message}`;
  }

  #give(octets: Uint8Array): number | undefined {
    // A restarted daemon has another socket.
    const wasConnected = this.#socket !== undefined;
    const taken = this.#send(octets);
    return taken === undefined && wasConnected ? this.#send(octets) : taken;
  }

  /** Sends a line. Returns undefined if there is no daemon, or if it was replaced. */
  #send(octets: Uint8Array): number | undefined {
    const socket = this.#socket ?? this.#connect();
    if (!socket) return undefined;
    // On a stream a NUL ends each line. [as syslog(3) sends them]
    const length = Math.min(octets.length, longest);
    this.#memory.octets.set(octets.subarray(0, length));
    this.#memory.octets[length] = 0;
    const taken = this.#memory.send(socket.fd, 0, socket.kind === 'stream' ? length + 1 : length);
    if (taken === 'EAGAIN') return 0;
    if (typeof taken === 'number') return socket.kind === 'stream' ? Math.min(taken, octets.length) : octets.length;
    this.reopen();
    return undefined;
  }

  #connect(): { readonly fd: Fd; readonly kind: 'stream' | 'datagram' } | undefined {
    for (const kind of ['datagram', 'stream'] as const) {
      const fd = kind === 'stream' ? streamSocket() : datagramSocket();
      try {
        connectPath(fd, this.#path);
        return (this.#socket = { fd, kind });
      } catch (error) {
        closeSync(fd);
        if (!(error instanceof SystemError && error.errno === 'EPROTOTYPE')) return undefined;
      }
    }
    return undefined;
  }
}

const opened: Syslog[] = [];

/** Opens the system's log, under that name and with the process's id. */
export function openSyslog(name: string): Syslog {
  const syslog = new Syslog(name);
  opened.push(syslog);
  return syslog;
}

/** Reconnects to the system's log, if this process uses it. */
export function reopenSyslog(): void {
  for (const syslog of opened) syslog.reopen();
}
