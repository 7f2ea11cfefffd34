/** A setting: the operation that makes it, with its arguments. It is plain data, so that any face can store it and apply it again. */
export interface Setting {
  /** The operation's name. */
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** The settings of a switch that differ from its first ones, which its options set again. */
export interface Settings {
  /** Returns the changed settings, in an order in which a new switch can take them without an error. */
  readonly changed: () => readonly Setting[];
}
