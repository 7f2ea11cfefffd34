/** The beginning of all paths. */
export const apiRoot = '/v1';

/** The path of the events. */
export const eventsPath = `${apiRoot}/events`;

/** Returns the path of an operation: `port.list` has `/v1/port/list`. */
export function pathOf(name: string): string {
  return `${apiRoot}/${name.replace('.', '/')}`;
}
