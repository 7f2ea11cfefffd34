import { EtherloomError } from '../errors.ts';
import { allRoles, clientOf, groupRoles, type ServiceArguments } from './chosen-service.ts';
import { eventText } from './event-text.ts';
import { jsonLine } from './json-text.ts';
import { print } from './print.ts';

/** Implements `etherloom events`: prints the events of a service until it ends. Throws the errors of `clientOf` and ApiClient. */
export function runEvents(given: ServiceArguments): Promise<void> {
  return tell(given, allRoles, []);
}

/** Implements `etherloom group events`: prints the events of a group's members. */
export function runGroupEvents(given: ServiceArguments): Promise<void> {
  return tell(given, groupRoles, ['member']);
}

async function tell(given: ServiceArguments, roles: typeof allRoles, kinds: readonly string[]): Promise<void> {
  const client = clientOf(given, roles);
  await client.events(kinds, (event) => print(given.json ? jsonLine(event) : `${eventText(event)}\n`));
  throw new EtherloomError('refused', `the service at ${client.path} has ended; start it, and then this command again`);
}
