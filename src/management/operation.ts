import type { Files } from './files.ts';
import type { Managed } from './managed.ts';
import type { Status } from './status.ts';

/** The most that an operation does. A face uses it to decide which of its users may run the operation. */
export type Effect =
  | 'reads' // shows state and counters
  | 'writes' // changes the switch, and with it perhaps the frames that a port receives
  | 'sees-frames' // shows frames of others, or copies them
  | 'runs-programs'; // starts and ends processes

/** Every effect: the rights of the operator, who may use the console. */
export const allEffects: ReadonlySet<Effect> = new Set(['reads', 'writes', 'sees-frames', 'runs-programs']);

/** The caller of an operation: the effects that the face grants, and the files that the user's own rights open. */
export interface Caller {
  readonly may: ReadonlySet<Effect>;
  readonly files: Files;
}

/** A refused operation. */
export class Refusal {
  readonly status: Exclude<Status, 'success'>;
  /** The reason in words, if the status is not clear by itself. */
  readonly why: string | undefined;

  constructor(status: Exclude<Status, 'success'>, why?: string) {
    this.status = status;
    this.why = why;
  }
}

/** Performs an operation. Arguments and answers are plain data, which every face can read and show. */
type Act<Args, Answer> = (managed: Managed, args: Args, caller: Caller) => Answer;

/** The description of an operation. */
export interface OperationOptions<Args, Answer> {
  /** Its room and its verb: `port.remove`. */
  readonly name: string;
  /** The line of help about it. */
  readonly summary: string;
  readonly effect: Effect;
  /** True if it changes a setting, which `config/save` writes. Default: false. */
  readonly setting?: boolean;
  readonly act: Act<Args, Answer>;
}

/** The description of an operation of either kind, and its check of rights. */
abstract class OperationBase {
  readonly name: string;
  readonly summary: string;
  readonly effect: Effect;
  readonly setting: boolean;

  constructor({ name, summary, effect, setting = false }: Omit<OperationOptions<never, unknown>, 'act'>) {
    this.name = name;
    this.summary = summary;
    this.effect = effect;
    this.setting = setting;
  }

  /** Returns EPERM for a caller without the effect. Rights are checked only here. */
  protected refusalFor(caller: Caller): Refusal | undefined {
    if (caller.may.has(this.effect)) return undefined;
    return new Refusal(
      'EPERM',
      `${this.name} ${this.effect.replace('-', ' ')}, which this user may not do; ask the operator of the switch`,
    );
  }

  /** Tells that the operation was run, unless it only reads or was refused. Returns its value. */
  protected performed<Value>({ performed }: Managed, value: Value | Refusal): Value | Refusal {
    if (this.effect !== 'reads' && !(value instanceof Refusal)) performed.emit(this.name);
    return value;
  }
}

/** An operation that answers at once: a query or a change, the same for each face. */
export class Operation<Args, Value> extends OperationBase {
  readonly #act: Act<Args, Value | Refusal>;

  constructor(options: OperationOptions<Args, Value | Refusal>) {
    super(options);
    this.#act = options.act;
  }

  /** Runs the operation, and returns its value. A caller without the effect gets EPERM. */
  run(managed: Managed, args: Args, caller: Caller): Value | Refusal {
    return this.refusalFor(caller) ?? this.performed(managed, this.#act(managed, args, caller));
  }
}

/**
 * An operation whose answer is a promise, since it waits for the disk or for another node. A face that replies line by line, as the console
 * does, cannot run it.
 */
export class PromisedOperation<Args, Value> extends OperationBase {
  readonly #act: Act<Args, Promise<Value | Refusal>>;

  constructor(options: OperationOptions<Args, Promise<Value | Refusal>>) {
    super(options);
    this.#act = options.act;
  }

  /** Runs the operation, and resolves to its value when its effect is lasting. A caller without the effect gets EPERM. */
  async run(managed: Managed, args: Args, caller: Caller): Promise<Value | Refusal> {
    return this.refusalFor(caller) ?? this.performed(managed, await this.#act(managed, args, caller));
  }
}

/** An operation of either kind. */
export type AnyOperation<Args, Value> = Operation<Args, Value> | PromisedOperation<Args, Value>;

/** Makes an operation that shows state and counters. */
export function reads<Args, Value>(name: string, summary: string, act: Act<Args, Value | Refusal>): Operation<Args, Value> {
  return new Operation({ name, summary, effect: 'reads', act });
}

/** Makes an operation that changes the switch, but none of the settings that are saved. */
export function writes<Args, Value>(name: string, summary: string, act: Act<Args, Value | Refusal>): Operation<Args, Value> {
  return new Operation({ name, summary, effect: 'writes', act });
}

/** Makes an operation that changes a setting, which `config/save` writes. */
export function sets<Args, Value>(name: string, summary: string, act: Act<Args, Value | Refusal>): Operation<Args, Value> {
  return new Operation({ name, summary, effect: 'writes', setting: true, act });
}

/** Makes an operation that shows frames of others, or copies them. */
export function seesFrames<Args, Value>(name: string, summary: string, act: Act<Args, Value | Refusal>): Operation<Args, Value> {
  return new Operation({ name, summary, effect: 'sees-frames', act });
}

/** Makes an operation that starts or ends processes. */
export function runsPrograms<Args, Value>(name: string, summary: string, act: Act<Args, Value | Refusal>): Operation<Args, Value> {
  return new Operation({ name, summary, effect: 'runs-programs', act });
}

/** Makes an operation that changes the switch, and answers when the change is on the disk. */
export function promises<Args, Value>(
  name: string,
  summary: string,
  act: Act<Args, Promise<Value | Refusal>>,
): PromisedOperation<Args, Value> {
  return new PromisedOperation({ name, summary, effect: 'writes', act });
}

/** Returns the refusal for a status; undefined for success. */
export function refused(status: Status): Refusal | undefined {
  return status === 'success' ? undefined : new Refusal(status);
}
