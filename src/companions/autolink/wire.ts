/** The variables of a wire's command; a command must have all three. */
const variables = ['$myport', '$mysock', '$remotehost'] as const;

/** The values of the variables for one attempt. */
export interface WireEnds {
  /** The switch's port that is reserved for the link; undefined leaves the variable as it is. */
  readonly port: number | undefined;
  /** The switch's directory. */
  readonly sock: string;
  readonly remote: string;
}

/** Returns true if the text can be the command of a wire: all variables are in it, and it does not begin with one. */
export function isWireCommand(command: string): boolean {
  return variables.every((variable) => command.includes(variable)) && !command.startsWith('$');
}

/** Returns the words of a wire's command, with the values of the variables. A value stays in its word, whatever characters it has. */
export function expandWire(command: string, { port, sock, remote }: WireEnds): string[] {
  const values: Readonly<Record<string, string>> = {
    $myport: port === undefined ? '$myport' : String(port),
    $mysock: sock,
    $remotehost: remote,
  };
  return wordsOf(command).map((word) => word.replace(/\$(?:myport|mysock|remotehost)/g, (variable) => values[variable] ?? variable));
}

/** Returns the words of a text: the parts between blanks. No shell reads them. */
export function wordsOf(text: string): string[] {
  return text.split(/[ \t]+/).filter((word) => word !== '');
}
