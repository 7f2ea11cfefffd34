import { pino, type Logger } from 'pino';
import { PinoPretty } from 'pino-pretty';

/** A log on standard error: for people on a terminal, one JSON object a line otherwise. Never called per frame. */
export function openLog(name: string, level = process.env['ETHERLOOM_LOG'] ?? 'info'): Logger {
  const options = { name, level: level in levels ? level : 'info', base: { pid: process.pid } };
  if (!process.stderr.isTTY) return pino(options, pino.destination({ fd: 2, sync: true }));
  return pino(options, PinoPretty({ destination: 2, sync: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss.l' }));
}

const levels = { trace: 0, debug: 0, info: 0, warn: 0, error: 0, fatal: 0, silent: 0 };
