/** The log as an argument, like Clock: rooms log events with a level, and do not know where lines are written. */

/** How much a line matters: `info` reports an event, `warn` a matter for the user to look at, `error` a final failure. */
export type LogLevel = 'info' | 'warn' | 'error';

/** The facts of a line, for programs that read the log. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Takes the lines of a log. */
export type LogSink = (message: string, fields: LogFields, level: LogLevel) => void;

/**
 * A log of events, as text for people and as fields for programs. Called as a function it logs a line of level `info`. Never called per
 * frame.
 */
export interface Log {
  (message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/**
 * Returns a log whose lines go to `sink`.
 *
 * @example
 * ```ts
 * import { logTo } from 'etherloom/daemon';
 *
 * const log = logTo((message, fields, level) => console.log(level, message, JSON.stringify(fields)));
 * log.warn('a port is gone', { port: 3 }); // warn a port is gone {"port":3}
 * ```
 */
export function logTo(sink: LogSink): Log {
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void =>
      sink(message, fields, level);
  return Object.assign(at('info'), { warn: at('warn'), error: at('error') });
}

/** A log that drops every line. */
export const quietLog: Log = logTo(() => undefined);
