import type { Managed } from '../management/managed.ts';
import { allEffects, Refusal, type Operation } from '../management/operation.ts';
import type { Status } from '../management/status.ts';
import { command, query, type Call, type Command, type Giver } from './command.ts';
import { consoleHelp } from './help.ts';

/** Parses the arguments of an operation from a command's text. Returns undefined if they are not valid. */
export type Read<Args> = (argument: string) => Args | undefined;

/** The makers of commands that run operations. */
export interface Operate {
  /** Makes a command whose reply is its status. */
  readonly command: <Args>(path: string, syntax: string, operation: Operation<Args, unknown>, read: Read<Args>, help?: string) => Command;
  /** Makes a command whose reply shows the operation's value as lines. After a refusal it shows the reason instead. */
  readonly query: <Args, Value>(
    path: string,
    syntax: string,
    operation: Operation<Args, Value>,
    read: Read<Args>,
    show: (value: Value, argument: string) => readonly string[] | Refusal,
    help?: string,
  ) => Command;
  /** Runs an operation within a command, with the rights of the command's giver. */
  readonly run: <Args, Value>(operation: Operation<Args, Value>, args: Args, giver: Giver) => Value | Refusal;
}

/**
 * Returns the makers of commands for a switch's console. Its users are operators: the mode of its socket decides who they are. A command is
 * listed with the console's help for its operation unless it has help of its own.
 */
export function operate(managed: Managed): Operate {
  const run: Operate['run'] = (operation, args, { files }) => operation.run(managed, args, { files, may: allEffects });
  const runRead = <Args, Value>(operation: Operation<Args, Value>, read: Read<Args>, { argument, giver }: Call): Value | Refusal => {
    const args = read(argument);
    return args === undefined ? new Refusal('EINVAL') : run(operation, args, giver);
  };
  return {
    command: (path, syntax, operation, read, help = helpOf(operation)) => ({
      ...command(path, syntax, help, (call) => statusOf(runRead(operation, read, call))),
      operations: [operation],
    }),
    query: (path, syntax, operation, read, show, help = helpOf(operation)) => ({
      ...query(path, syntax, help, (call) => {
        const value = runRead(operation, read, call);
        const shown = value instanceof Refusal ? value : show(value, call.argument);
        if (!(shown instanceof Refusal)) {
          shown.forEach(call.print);
          return 'success';
        }
        if (shown.why !== undefined) call.print(shown.why);
        return shown.status;
      }),
      operations: [operation],
    }),
    run,
  };
}

/** Parses no argument. Text after the command is ignored, as in VDE. */
export const nothing = (): Record<string, never> => ({});

/** Returns the status for the result of an operation. */
export function statusOf(value: unknown): Status {
  return value instanceof Refusal ? value.status : 'success';
}

function helpOf({ name, summary }: Operation<never, unknown>): string {
  return consoleHelp[name] ?? summary;
}
