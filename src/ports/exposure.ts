/** The conditions on which frames may cross a network beyond this machine. */
export interface Safeguards {
  /** True if they are encrypted, and the other side is known. Default: false. */
  readonly secured?: boolean;
  /** True if the user has asked for plain frames: by `--plain`, or by a token that clients must present. Default: false. */
  readonly plain?: boolean;
}

/** The exposure of frames at a host, or the refusal to expose them. */
export type ExposureRuling =
  | 'local' // they do not leave this machine
  | 'secured' // they cannot be read or forged on the way
  | 'plain' // anyone on the way can read and send frames, as the user has asked for: a warning is due
  | 'refused'; // anyone on the way could read and send frames

/**
 * Returns the exposure of frames when a host is served or dialled. This is the only rule: beyond this machine, the user must ask for plain frames.
 */
export function exposureOf(host: string, { secured = false, plain = false }: Safeguards = {}): ExposureRuling {
  if (isLoopback(host)) return 'local';
  if (secured) return 'secured';
  return plain ? 'plain' : 'refused';
}

/** Returns whether only this machine can be reached at that host. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
