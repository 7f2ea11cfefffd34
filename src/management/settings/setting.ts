/** A setting: the operation that makes it, with its arguments. Plain data, so that any face can keep it and give it again. */
export interface Setting {
  /** The operation's name. */
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** The settings of a switch, compared with those that it began with: its options give it those again. */
export interface Settings {
  /** Returns the settings that were changed, in an order in which a new switch can be given them without an error. */
  readonly changed: () => readonly Setting[];
}
