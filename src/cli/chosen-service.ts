import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { realClock } from '../clock.ts';
import { chooseService, describeService, findServices, type ServiceRole } from '../daemon/running-services.ts';
import { EtherloomError } from '../errors.ts';
import { apiSocketIn } from '../http/paths.ts';
import { ApiClient } from '../http/client.ts';

/** The options by which a command names the running service that it talks to. */
export interface ServiceArguments {
  readonly state?: string;
  readonly sock?: string;
  readonly json: boolean;
}

/**
 * Returns the client of the service that the options name, or of the only one of these roles that runs. Throws EtherloomError: `bad-option`
 * if several run, and lists them; `refused` if none does.
 */
export function clientOf({ state, sock }: ServiceArguments, roles: readonly ServiceRole[]): ApiClient {
  const named = state ?? sock;
  // A service of root, or of another runtime directory, is not among those that were found.
  if (named !== undefined && existsSync(apiSocketIn(resolve(named)))) return new ApiClient(apiSocketIn(resolve(named)), realClock);
  const service = chooseService(findServices(), { roles, state, sock });
  if (service.api !== undefined) return new ApiClient(service.api, realClock);
  throw new EtherloomError('refused', `${describeService(service)} has no API; see its log, and start it again`);
}

/** The roles of a group. */
export const groupRoles: readonly ServiceRole[] = ['master', 'slave'];

/** All roles. */
export const allRoles: readonly ServiceRole[] = ['switch', ...groupRoles];
