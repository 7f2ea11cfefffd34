import { noFiles } from '../files.ts';
import type { Managed, ManagedLink } from '../managed.ts';
import { reads, Refusal, refused, sets } from '../operation.ts';

/**
 * Opens a link: a port at an address. Returns ENOSYS if the switch has no links, EPERM for an address beyond this machine without consent,
 * EINVAL for one that is not valid, EACCES for one that uses files of a user who is not known.
 */
export const addLink = sets(
  'link.add',
  'open a link: a port at an address; plain allows an unencrypted one beyond this machine',
  ({ links }, { address, plain = false }: { readonly address: string; readonly plain?: boolean | undefined }, { files }) => {
    const used = files === noFiles ? links?.usesOf(address) : undefined;
    if (used === undefined) return refused(links?.add(address, { plain }) ?? 'ENOSYS');
    const reason = `${used.slice(0, 200)} would be used with the rights of the service, since the user of this client is not known`;
    return new Refusal('EACCES', `link.add: ${reason}; add it by the console, or at the service's own socket`);
  },
);

/** Returns the address of a port without its query if that can have a token, in whatever spelling, for a caller who may not use it. */
export function withoutToken(address: string): string {
  return address.replace(/^(ws:[^?]*\?).*$/is, '$1…');
}

/** Closes a link. */
export const removeLink = sets('link.del', 'close a link', ({ links }, { id }: { readonly id: number }) =>
  links?.remove(id) === true ? undefined : new Refusal('ENOENT'),
);

/** Lists the links. */
export const listLinks = reads(
  'link.list',
  'list the links and their state',
  ({ links }: Managed, _: object, { may }): readonly ManagedLink[] =>
    (links?.list() ?? []).map((link) => (may.has('writes') ? link : { ...link, address: withoutToken(link.address) })),
);
