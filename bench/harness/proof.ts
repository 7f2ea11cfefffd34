import { Workplace } from './workplace.ts';

/** A long proof: a command that ends with 0 if a claim holds. */
export interface Proof<Given> {
  /** The text of its options, shown with a mistake in them. */
  readonly usage: string;
  /** Reads the command line. Throws an Error with the mistake. */
  readonly read: (argv: readonly string[]) => Given;
  /** Returns the reason why it cannot run on this machine, if there is one. Default: it runs on all. */
  readonly obstacle?: () => string | undefined;
  /** Runs it, and prints its findings. Returns whether the claim holds. Throws if it could not be tried. */
  readonly run: (given: Given, workplace: Workplace) => Promise<boolean>;
}

/**
 * Runs a proof with the arguments of this process, in the project's directory. Sets the exit code: 0 if the claim holds, 1 if not, 2 if the
 * arguments are wrong, or this machine cannot run it. Its processes end with it, also when it is interrupted.
 */
export async function runProof<Given>({ usage, read, obstacle, run }: Proof<Given>): Promise<void> {
  process.exitCode = 2;
  let given: Given;
  try {
    given = read(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    return;
  }
  const reason = obstacle?.();
  if (reason !== undefined) {
    process.stderr.write(`${reason}\n`);
    return;
  }
  process.exitCode = 1;
  await using workplace = new Workplace({ ours: process.cwd() });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void workplace[Symbol.asyncDispose]().then(() => process.exit(1)));
  }
  if (await run(given, workplace)) process.exitCode = 0;
}
