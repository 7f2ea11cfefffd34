import type { Managed } from '../../management/managed.ts';
import { endGuest, listMembers, listStarLinks, restartGuest, showGuest, showStar } from '../../management/operations/star.ts';
import type { GuestView, MasterView, MemberView, SlaveView, StarLinkView } from '../../management/parts/star.ts';
import { heading, plainMenu, type Menu } from '../command.ts';
import { nothing, operate } from '../operate.ts';
import { facts } from '../text.ts';

/** Makes the menu of a node of a star. */
export function starMenu(managed: Managed): Menu {
  const { command, query } = operate(managed);
  return plainMenu(
    heading('star', 'node of a star'),
    query('star/showinfo', '', showStar, nothing, (view) => (view.role === 'master' ? masterLines(view) : slaveLines(view))),
    ...(managed.star?.members ? [query('star/members', '', listMembers, nothing, (members) => members.map(memberLine))] : []),
    query('star/links', '', listStarLinks, nothing, (links) => links.map(linkLine)),
    query('star/guest', '', showGuest, nothing, (guest) => [guestLine(guest)]),
    command('star/endguest', '', endGuest, nothing),
    command('star/restartguest', '', restartGuest, nothing),
  );
}

function masterLines({ role, network, link, control, members, joined }: MasterView): string[] {
  return facts({ role, network, link, control, members, joined });
}

function slaveLines({ role, id, mac, address, network, master, control, joined, link }: SlaveView): string[] {
  const state = joined === undefined ? 'waiting' : `joined ${joined}`;
  return facts({ role, id, mac, address, network, master, control, state, link: link && stateOf(link) });
}

function memberLine({ id, mac, address, joined }: MemberView): string {
  const state = joined ? `joined ${joined.seconds} from ${joined.from}` : 'absent';
  return [...facts({ id, mac, address }), state].join(' ');
}

function linkLine({ port, peer, received, sent, ...link }: StarLinkView): string {
  const counts = [received, sent].map(({ frames, octets }) => `${frames} frames ${octets} octets`);
  return `port ${port} ${stateOf(link)} received ${counts.join(' sent ')} peer ${peer}`;
}

function guestLine({ id, mac, pid, state, address, starts }: GuestView): string {
  return facts({ id, mac, pid, state, address, starts }).join(' ');
}

function stateOf({ up, seconds }: Pick<StarLinkView, 'up' | 'seconds'>): string {
  return `${up ? 'up' : 'down'} ${seconds}`;
}
