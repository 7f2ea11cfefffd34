/** The variables of a wire's command. A command must contain all three. */
const variables = ['$myport', '$mysock', '$remotehost'] as const;

/** The values of the variables for one attempt. */
export interface WireEnds {
  /** The switch's port that is reserved for the link; undefined leaves the variable unchanged. */
  readonly port: number | undefined;
  /** The switch's directory. */
  readonly sock: string;
  readonly remote: string;
}

/** Returns true if the text can be the command of a wire: it contains all variables, and does not begin with one. */
export function isWireCommand(command: string): boolean {
  return variables.every((variable) => command.includes(variable)) && !command.startsWith('$');
}

/** Returns the words of a wire's command, with the values of the variables. A value stays one word, whatever characters it contains. */
export function expandWire(command: string, { port, sock, remote }: WireEnds): string[] {
  const values: Readonly<Record<string, string>> = {
    $myport: port === undefined ? '$myport' : String(port),
    $mysock: sock,
    $remotehost: remote,
  };
  return wordsOf(command).map((word) => word.replace(/\$(?:myport|mysock|remotehost)/g, (variable) => values[variable] ?? variable));
}

/** Splits a text into words at blanks, without a shell. */
export function wordsOf(text: string): string[] {
  return text.split(/[ \t]+/).filter((word) => word !== '');
}
