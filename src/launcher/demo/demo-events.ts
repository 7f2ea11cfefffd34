/** Parses the logs of the demo's processes, and returns the events for its table. */

/** An event at one switch of the star, or at its guest. Addresses are text, as in the logs. */
export type DemoEvent =
  /** The slave has joined the star. */
  | { readonly type: 'joined'; readonly id: number; readonly mac: string }
  /** The guest's port on its switch is open. */
  | { readonly type: 'port'; readonly port: number }
  | { readonly type: 'guest'; readonly id: number; readonly mac: string; readonly state: string; readonly address: string | undefined }
  /** A ping, with its round-trip time in milliseconds; undefined without an answer. */
  | { readonly type: 'ping'; readonly peer: string; readonly milliseconds: number | undefined };

/** Parses a log line, which is one JSON object. Returns undefined if the line is not an event for the table. */
export function demoEventOf(line: string): DemoEvent | undefined {
  const { event, id, mac, state, address, peer, milliseconds, msg } = fieldsOf(line);
  if (event === 'ping' && typeof peer === 'string') {
    return { type: 'ping', peer, milliseconds: typeof milliseconds === 'number' ? milliseconds : undefined };
  }
  if (event === 'joined' && typeof id === 'number' && typeof mac === 'string') return { type: 'joined', id, mac };
  if (event === 'guest' && typeof id === 'number' && typeof mac === 'string' && typeof state === 'string') {
    return { type: 'guest', id, mac, state, address: typeof address === 'string' ? address : undefined };
  }
  // The client at a guest's port is QEMU or a station. All other ports of the star are links.
  const port = /^port (\d+): (?:qemu|unix prog) (?!.* is gone)/.exec(String(msg))?.[1];
  return port === undefined ? undefined : { type: 'port', port: Number(port) };
}

/** Returns the message of a log line, and any other line unchanged. */
export function demoTextOf(line: string): string {
  const { msg } = fieldsOf(line);
  return typeof msg === 'string' ? msg : line;
}

type Fields = Partial<Record<'event' | 'id' | 'mac' | 'state' | 'address' | 'peer' | 'milliseconds' | 'msg', unknown>>;

function fieldsOf(line: string): Fields {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
