import { join } from 'node:path';

/** The beginning of all paths. */
export const apiRoot = '/v1';

/** The path of the events. */
export const eventsPath = `${apiRoot}/events`;

/** The path of the metrics, where Prometheus looks for them. */
export const metricsPath = '/metrics';

/** The path at which tickets are made. */
export const ticketsPath = `${apiRoot}/tickets`;

/** The path of the description in OpenAPI. */
export const openApiPath = `${apiRoot}/openapi.json`;

/** Returns the path of an operation: `port.list` has `/v1/port/list`. */
export function pathOf(name: string): string {
  return `${apiRoot}/${name.replace('.', '/')}`;
}

/** Returns the path of the socket of a service with that directory: the state of a master or slave, or the sockets of a switch. */
export function apiSocketIn(directory: string): string {
  return join(directory, 'api');
}
