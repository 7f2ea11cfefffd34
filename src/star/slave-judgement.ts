import { protocolVersion, type JoinRefusal, type News, type OtherVersion, type Welcome } from './messages.ts';
import type { SlaveEvent } from './slave-event.ts';
import type { SlaveMemory } from './slave-memory.ts';

/** Returns the refusal of a master that speaks another version of the protocol. It names both; `software` is this slave's version. */
export function refuseVersion({ version, software: theirs }: OtherVersion, software: string): JoinRefusal {
  const master = `version ${version}${theirs === undefined ? '' : ` (etherloom ${theirs})`}`;
  const reason = `the master speaks ${master} of the protocol, and this slave version ${protocolVersion} (etherloom ${software})`;
  return { type: 'refusal', reason, retry: false, code: 'version' };
}

/** Returns the refusal of a welcome to another group than that of this state, unless the user has just pasted a line of that master. */
export function refuseGroup(
  { pin, newMaster, token }: SlaveMemory,
  before: Welcome | undefined,
  { group }: Welcome,
): JoinRefusal | undefined {
  const isOther = before?.group !== undefined && group !== before.group;
  if (!isOther || pin === undefined || (!newMaster && token !== undefined)) return undefined;
  const reason = `the master with pin ${pin} has group ${group ?? 'none'}, and this state belongs to group ${before.group}; use another --state`;
  return { type: 'refusal', reason, retry: false, code: 'group' };
}

/** Returns the event of news: the fields that the slave's options allow, and the names of the others. */
export function allowedNews({ description }: News, consent: ReadonlySet<string> = new Set()): SlaveEvent {
  const fields = Object.entries(description);
  const allowed = Object.fromEntries(fields.filter(([name]) => consent.has(name)));
  return { type: 'news', description: allowed, ignored: fields.map(([name]) => name).filter((name) => !consent.has(name)) };
}
