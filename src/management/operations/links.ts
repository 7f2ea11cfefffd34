import type { Managed, ManagedLink } from '../managed.ts';
import { Operation, refused, Refusal } from '../operation.ts';

/** Opens a link to another switch. Returns ENOSYS if the switch has no links, EPERM for an address beyond this machine without `plain`. */
export const addLink = new Operation({
  name: 'link.add',
  summary: 'open a link: tcp://HOST:PORT or tcp-listen://HOST:PORT; "plain" allows an unencrypted link beyond this machine',
  effect: 'writes',
  setting: true,
  act: ({ links }, { address, plain = false }: { readonly address: string; readonly plain?: boolean | undefined }) =>
    refused(links?.add(address, { plain }) ?? 'ENOSYS'),
});

/** Closes a link. */
export const removeLink = new Operation({
  name: 'link.del',
  summary: 'close a link',
  effect: 'writes',
  setting: true,
  act: ({ links }, { id }: { readonly id: number }) => (links?.remove(id) === true ? undefined : new Refusal('ENOENT')),
});

/** Lists the links. */
export const listLinks = new Operation({
  name: 'link.list',
  summary: 'list the links and their state',
  effect: 'reads',
  act: ({ links }: Managed): readonly ManagedLink[] => links?.list() ?? [],
});
