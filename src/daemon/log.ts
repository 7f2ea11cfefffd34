import { pino, type Logger } from 'pino';
import { PinoPretty } from 'pino-pretty';
import type { Log } from '../log.ts';
import { boundedLog } from './line-log.ts';

/** A log on standard error: for people on a terminal, one JSON object a line otherwise. */
export function openLog(name: string): Log {
  const options = { name, base: { pid: process.pid } };
  const destination = process.stderr.isTTY
    ? PinoPretty({ destination: 2, sync: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss.l' })
    : pino.destination({ fd: 2, sync: true });
  // What nobody reads, or has no room, is not said; the service goes on.
  destination.on('error', () => undefined);
  const logger: Logger = pino(options, destination);
  return boundedLog((message, fields, level) => logger[level](fields, message));
}
