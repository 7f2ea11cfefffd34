import type { Managed } from '../management/managed.ts';
import { allEffects, Refusal, type Operation } from '../management/operation.ts';
import type { Status } from '../management/status.ts';
import { command, query, type Call, type Command, type Giver } from './command.ts';

/** Reads the arguments of an operation from a command's text. Undefined when they are not valid. */
export type Read<Args> = (argument: string) => Args | undefined;

/** A console's commands that run operations. */
export interface Operate {
  /** A command whose reply is its status. */
  readonly command: <Args>(path: string, syntax: string, operation: Operation<Args, unknown>, read: Read<Args>, help?: string) => Command;
  /** A command whose reply shows the operation's value as lines. The reason of a refusal is shown in their place. */
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
 * Returns the ways to put operations on a switch's console, whose users are its operators: the mode of its socket decides who they are. A
 * command is listed with its operation's summary unless it has help of its own.
 */
export function operate(managed: Managed): Operate {
  const run: Operate['run'] = (operation, args, { files }) => operation.run(managed, args, { files, may: allEffects });
  const runRead = <Args, Value>(operation: Operation<Args, Value>, read: Read<Args>, { argument, giver }: Call): Value | Refusal => {
    const args = read(argument);
    return args === undefined ? new Refusal('EINVAL') : run(operation, args, giver);
  };
  return {
    command: (path, syntax, operation, read, help = operation.summary) => ({
      ...command(path, syntax, help, (call) => statusOf(runRead(operation, read, call))),
      operations: [operation],
    }),
    query: (path, syntax, operation, read, show, help = operation.summary) => ({
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

/** Reads no argument; text behind the command is ignored, as VDE does. */
export const nothing = (): Record<string, never> => ({});

/** Returns the status of an operation's end. */
export function statusOf(value: unknown): Status {
  return value instanceof Refusal ? value.status : 'success';
}
