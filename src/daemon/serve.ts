import { setFlagsFromString } from 'node:v8';
import { cleanText } from '../clean-text.ts';
import { EtherloomError } from '../errors.ts';
import { claimStandardError } from '../system/claim.ts';
import { outletsFlushed } from '../system/outlet.ts';
import { filesWritten } from '../system/pooled-file.ts';
import { exitAtOnce } from '../system/process.ts';
import { standardError, standardOutput } from '../system/standard-streams.ts';
import { logReopener, usualHangup, type Hangup } from './hangup.ts';

/** The environment of a command's service. */
export interface ServeContext {
  /** Aborts when the process must end while the service still opens. */
  readonly signal: AbortSignal;
  /** Ends the process as a failure, after the service is disposed of. */
  readonly fail: (error: EtherloomError) => void;
  /** Ends the process in good order. */
  readonly end: () => void;
}

/** The start and the end of a service. */
export interface ServeOptions {
  /** Reports that the service is ready. Default: `ready` on standard output. */
  readonly ready?: () => void;
  /** The effect of SIGHUP; SIGTERM and SIGINT end the service. Default: the one that suits how the process was started. */
  readonly hangup?: Hangup;
  /** The signals that are ignored, though they would end another process. Default: none. */
  readonly ignored?: readonly NodeJS.Signals[];
  /** Reports failures of the service, a line at a time. Default: on standard error. */
  readonly tell?: (line: string) => void;
  /** Called with the signal that ends the service. Default: no callback. */
  readonly ending?: (signal: NodeJS.Signals) => void;
}

/** The signals that end the service in any case. */
const endedBy = ['SIGTERM', 'SIGINT'] as const;

/** How long the end may take, in milliseconds. */
const endLimit = 20_000;

/** How long the process then waits for the readers of its output, in milliseconds. */
const flushLimit = 500;

/**
 * Opens a service, reports that it is ready, and disposes of it when the process must end. Returns the signal that ended it; undefined if
 * it ended otherwise. Throws the errors of `open`, and those given to `fail`.
 */
export async function serve(
  open: (context: ServeContext) => Promise<AsyncDisposable>,
  { ready = (): void => say('ready'), hangup = usualHangup(), ignored = [], tell = complain, ending }: ServeOptions = {},
): Promise<NodeJS.Signals | undefined> {
  keepYoungGenerationSmall();
  inlineFramePath();
  claimStandardError((text) => standardError().write(text));
  const abort = new AbortController();
  const { signal } = abort;
  const failures: EtherloomError[] = [];
  let endedWith: NodeJS.Signals | undefined;
  if (hangup === 'reopen') process.on('SIGHUP', logReopener(tell));
  for (const name of hangup === 'end' ? ([...endedBy, 'SIGHUP'] as const) : endedBy) {
    process.on(name, () => {
      if (signal.aborted) return;
      endedWith = name;
      ending?.(name);
      abort.abort();
    });
  }
  for (const name of ignored) process.on(name, () => undefined);
  // A bug in this program. It is reported, and all resources are released nevertheless.
  const bug = (error: Error): void => {
    for (const line of (error.stack ?? error.message).split('\n')) tell(line);
    failures.push(new EtherloomError('system', `ended by an error of its own: ${error.message}`));
    abort.abort();
  };
  const ended = new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  process.on('uncaughtException', bug);
  try {
    const fail = (error: EtherloomError): void => {
      failures.push(error);
      abort.abort();
    };
    const service = await openUnlessEnded(open, { signal, fail, end: () => abort.abort() });
    if (!signal.aborted) ready();
    await ended;
    await end(service, tell);
  } finally {
    // From here on failures are no longer collected: an exception ends the process.
    process.off('uncaughtException', bug);
    // All resources are released. Node would wait for its threads, even for those that hang on a disk or a file server.
    process.on('exit', exitAtOnce);
  }
  if (failures[0]) throw failures[0];
  return endedWith;
}

/** Writes a line to standard output, for the program that started this command. */
export function say(line: string): void {
  standardOutput().write(`${line}\n`);
}

/** The longest line on standard error, in characters. */
const longestLine = 16_384;

/** Writes a line to standard error. */
export function complain(line: string): void {
  standardError().write(`${cleanText(line, longestLine)}\n`);
}

/**
 * Limits V8's memory for new objects. Under load V8 doubles it again and again, to 48 MiB. That helps programs with much garbage, but frames make
 * almost none. A V8 without the flag prints a warning, and continues.
 */
function keepYoungGenerationSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

/**
 * Raises V8's limit for inlining. The path of a frame is many small functions, and the default limit is reached halfway along it. Calls that are not
 * inlined cost as much as the work itself.
 */
function inlineFramePath(): void {
  setFlagsFromString('--max-inlined-bytecode-size-cumulative=4000');
}

/** Disposes of the service, or gives up after a while. */
async function end(service: AsyncDisposable | undefined, tell: (line: string) => void): Promise<void> {
  const limit = setTimeout(() => {
    tell(`not ended after ${endLimit / 1000} s: giving up`);
    void outletsFlushed(flushLimit).then(() => exitAtOnce(1));
  }, endLimit);
  await service?.[Symbol.asyncDispose]();
  await filesWritten();
  clearTimeout(limit);
}

async function openUnlessEnded(
  open: (context: ServeContext) => Promise<AsyncDisposable>,
  context: ServeContext,
): Promise<AsyncDisposable | undefined> {
  try {
    return await open(context);
  } catch (error) {
    if (!context.signal.aborted) throw error;
    return undefined;
  }
}
