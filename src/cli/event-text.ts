import { cleanText } from '../clean-text.ts';
import type { ReceivedEvent } from '../http/client.ts';

/** Returns an event in one line for people, its time first: `04:21:07 port 3: up`. */
export function eventText(event: ReceivedEvent): string {
  const time = textOf(event['time']);
  const clock = time === '' || Number.isNaN(Date.parse(time)) ? '' : `${new Date(time).toTimeString().slice(0, 8)} `;
  return cleanText(`${clock}${wordsOf(event)}`, 300);
}

function wordsOf(event: ReceivedEvent): string {
  const of = (name: string): string => textOf(event[name]);
  const change = of('change');
  switch (event.kind) {
    case 'port':
      return `port ${of('port')}: ${change === 'set' ? of('condition') || 'up, and not impaired' : change}`;
    case 'endpoint':
      return `port ${of('port')}: ${of('module')} ${of('description')} ${change}`;
    case 'station':
      return `station ${of('mac')} moved from port ${of('from')} to port ${of('to')}${in_(of('vlan'))}`;
    case 'loop':
      return `a loop between the ports ${listOf(event['ports'])}: ${of('frames')} frames came back in a second`;
    case 'tree':
      return `tree of VLAN ${of('vlan')}: ${change === 'root' ? `root ${of('root')}` : `port ${of('port')} ${change}`}`;
    case 'link':
      return `link to ${of('peer')}, port ${of('port')}: ${change}`;
    case 'lease':
      return `lease ${[change, of('address'), of('mac'), of('hostname'), of('reason')].filter(Boolean).join(' ')}`;
    case 'member':
      return memberWords(event);
    case 'guest':
      return `guest ${of('id')}: ${[of('state'), of('address')].filter(Boolean).join(', ')}`;
    case 'drops':
      return `port ${of('port')}${memberOf(event['member'])}: ${of('frames')} frames dropped: ${of('reason')}`;
    case 'operation':
      return `done: ${of('name')}`;
    case 'lost':
      return `${of('events') || 'some'} events lost, since they were not read in time`;
    default:
      return JSON.stringify(event);
  }
}

/** Returns an event of a group's member in words: `member 3 web: joined, from 192.0.2.7`. */
function memberWords(event: ReceivedEvent): string {
  const ofGroup = groupWords(event);
  if (ofGroup !== undefined) return ofGroup;
  const [id, name, change] = ['id', 'name', 'change'].map((field) => textOf(event[field]));
  const who = id === '' && name === '' ? 'a host' : ['member', id, name].filter(Boolean).join(' ');
  if (change?.startsWith('shortcut-') === true)
    return `${who}: shortcut to ${memberName(event['peer'])} ${change.slice('shortcut-'.length)}${reasonOf(event)}`;
  const from = [textOf(event['host']), textOf(event['address'])].filter(Boolean).join(' ');
  return `${who}: ${change ?? ''}${from && `, from ${from}`}${reasonOf(event)}`;
}

function reasonOf(event: ReceivedEvent): string {
  const reason = textOf(event['reason']);
  return reason && `: ${reason}`;
}

/** Returns an event of the whole group in words; undefined if it is one of a member. */
function groupWords(event: ReceivedEvent): string | undefined {
  const pin = textOf(event['fingerprint']);
  switch (event['change']) {
    case 'ended':
      return 'the group has ended';
    case 'next-pin':
      return `the master changes its key: the next pin is ${pin}`;
    case 'new-pin':
      return `the master has a new key: its pin is ${pin}`;
    case 'pin-kept':
      return 'the master keeps its key';
    default:
      return undefined;
  }
}

/** Returns the member of an event in words: `, member 3 web`; nothing if there is none. */
function memberOf(member: unknown): string {
  const name = memberName(member);
  return name && `, ${name}`;
}

/** Returns a member in words: `member 3 web`; nothing if there is none. */
function memberName(member: unknown): string {
  if (typeof member !== 'object' || member === null) return '';
  const { id, name } = member as Readonly<Record<string, unknown>>;
  return `member ${[id, name].map(textOf).filter(Boolean).join(' ')}`;
}

function in_(vlan: string): string {
  return vlan === '' || vlan === '0' ? '' : ` in VLAN ${vlan}`;
}

function listOf(value: unknown): string {
  return Array.isArray(value) ? value.map(textOf).join(', ') : textOf(value);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}
