import { setFlagsFromString } from 'node:v8';
import { EtherloomError } from '../errors.ts';
import { claimStandardError } from '../system/claim.ts';
import { outletsFlushed } from '../system/outlet.ts';
import { filesWritten } from '../system/pooled-file.ts';
import { exitAtOnce } from '../system/process.ts';
import { standardError, standardOutput } from '../system/standard-streams.ts';
import { logReopener, usualHangup, type Hangup } from './hangup.ts';

/** What a command's service is given. */
export interface ServeContext {
  /** Aborts when the process is told to end while the service still opens. */
  readonly signal: AbortSignal;
  /** Ends the process as a failure, after the service is disposed. */
  readonly fail: (error: EtherloomError) => void;
  /** Ends the process in good order. */
  readonly end: () => void;
}

/** How a service begins and ends. */
export interface ServeOptions {
  /** Says that it serves. Default: `ready` on standard output. */
  readonly ready?: () => void;
  /** What SIGHUP does; SIGTERM and SIGINT end it. Default: what fits how the process was started. */
  readonly hangup?: Hangup;
  /** The signals that change nothing, though they would end another process. Default: none. */
  readonly ignored?: readonly NodeJS.Signals[];
  /** Says a line of what went wrong in it. Default: on standard error. */
  readonly tell?: (line: string) => void;
  /** Is told the signal that ends it. Default: nobody. */
  readonly ending?: (signal: NodeJS.Signals) => void;
}

/** The signals that end it in any case. */
const endedBy = ['SIGTERM', 'SIGINT'] as const;

/** How long an end may take, in milliseconds. */
const endLimit = 20_000;

/** How long it waits then for whoever does not read what it said. */
const flushLimit = 500;

/**
 * Opens a service, says that it is ready, and disposes it when the process is told to end. Returns the signal that ended it; undefined when
 * it was another thing. Throws what `open` throws, and what `fail` is given.
 */
export async function serve(
  open: (context: ServeContext) => Promise<AsyncDisposable>,
  { ready = (): void => say('ready'), hangup = usualHangup(), ignored = [], tell = complain, ending }: ServeOptions = {},
): Promise<NodeJS.Signals | undefined> {
  keepYoungGenerationSmall();
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
  // A bug of ours: it is told, and what was opened is released all the same.
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
    // From here on nobody looks at failures any more: what is thrown ends the process as one.
    process.off('uncaughtException', bug);
    // All is released. Node would wait for threads, and those for a disk or a file server that hangs.
    process.on('exit', exitAtOnce);
  }
  if (failures[0]) throw failures[0];
  return endedWith;
}

/** Writes a line to standard output: what a command tells those who started it. */
export function say(line: string): void {
  standardOutput().write(`${line}\n`);
}

/** Writes a line to standard error. */
export function complain(line: string): void {
  standardError().write(`${line}\n`);
}

/**
 * Under load V8 doubles the memory for new objects again and again, to 48 MiB. That is for programs that make much garbage; a frame makes
 * so little that nothing is gained by it. A V8 that does not know the flag says so, and goes on.
 */
function keepYoungGenerationSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

/** Disposes the service, or gives up after a while. */
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
