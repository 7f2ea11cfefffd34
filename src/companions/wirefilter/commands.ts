import type { Outcome } from '../../vde-console/command.ts';
import type { Listener } from '../../vde-console/events.ts';
import type { Status } from '../../management/status.ts';
import type { QualityWord } from '../../impairment/impairment.ts';
import { drops, edges, node, parameters, type Shown } from './showing.ts';
import { parseValue } from './value.ts';

/** A call of a command. */
export interface Call extends Shown {
  /** The text after the command's name, without the blanks around it. */
  readonly argument: string;
  /** The session that gave the command; undefined for a script at start-up. */
  readonly listener: Listener | undefined;
  /** The sessions that are informed of node changes. */
  readonly told: Set<Listener>;
  /** Adds a line to the reply's data. */
  readonly print: (line: string) => void;
}

/** A command of the console. */
export interface Command {
  readonly name: string;
  /** True if the reply has a block of data, even after a failure. */
  readonly data: boolean;
  readonly run: (call: Call) => Outcome;
}

/** The commands. A line is compared with them in this order, and the first one with which it begins is run. */
export const commands: readonly Command[] = [
  query('help', help),
  query('showinfo', showinfo),
  query('load', () => 'ENOSYS'), // implemented by the console, because it runs other commands
  value('delay', 'delay'),
  value('loss', 'loss'),
  value('lostburst', 'lostburst'),
  value('dup', 'dup'),
  value('bandwidth', 'bandwidth'),
  value('band', 'bandwidth'),
  value('speed', 'speed'),
  value('chanbufsize', 'capacity'),
  value('capacity', 'capacity'),
  value('noise', 'noise'),
  value('mtu', 'mtu'),
  command('fifo', ({ filter, argument }) => {
    filter.fifo = integer(argument) !== 0;
    return 'success';
  }),
  command('markov-numnodes', ({ filter, argument }) => done(filter.resize(integer(argument)))),
  command('markov-setnode', ({ filter, argument }) => done(filter.moveTo(integer(argument)))),
  command('markov-name', name),
  command('markov-time', ({ filter, argument }) =>
    done(filter.setTime(Number(/^(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?/i.exec(argument)?.[0] ?? 0))),
  ),
  command('setedge', setedge),
  query('showedges', showedges),
  query('showcurrent', ({ filter, print }) => {
    print(`Current Markov ${node(filter, filter.current)}`);
    return 'success';
  }),
  command('markov-debug', ({ listener, told, argument }) => {
    if (!listener) return 'ENOSYS';
    if (integer(argument) === 0) told.delete(listener);
    else told.add(listener);
    return 'success';
  }),
  query('drops', (call) => {
    for (const line of drops(call)) call.print(line);
    return 'success';
  }),
  command('logout', () => 'logout'),
  command('shutdown', () => 'shutdown'),
];

function command(name: string, run: Command['run']): Command {
  return { name, data: false, run };
}

function query(name: string, run: Command['run']): Command {
  return { name, data: true, run };
}

function value(name: string, word: QualityWord): Command {
  return command(name, ({ filter, argument }) => {
    const read = parseValue(argument);
    return done(read !== undefined && filter.set(word, read));
  });
}

function done(isDone: boolean): Status {
  return isDone ? 'success' : 'EINVAL';
}

/** Returns the number at the beginning of a text, as `atoi` does: 0 if there is none. [atoi(3)] */
function integer(text: string): number {
  return Number(/^[-+]?\d+/.exec(text)?.[0] ?? 0);
}

/** Returns the node that a query names, by default the current one. */
function nodeAsked({ filter, argument }: Call): number | undefined {
  const number = argument === '' ? filter.current : integer(argument);
  return filter.nodes[number] ? number : undefined;
}

function showinfo(call: Call): Status {
  const asked = nodeAsked(call);
  if (asked === undefined) return 'EINVAL';
  for (const line of parameters(call, asked)) call.print(line);
  return 'success';
}

function showedges(call: Call): Status {
  const asked = nodeAsked(call);
  if (asked === undefined) return 'EINVAL';
  for (const line of edges(call.filter, asked)) call.print(line);
  return 'success';
}

function setedge({ filter, argument }: Call): Status {
  const [, from, to, percent] = /^(\d+)\s*,\s*(\d+)(?:\s*,\s*(\d+(?:\.\d*)?|\.\d+))?/.exec(argument) ?? [];
  if (from === undefined || to === undefined) return 'EINVAL';
  if (percent === undefined && /,.*,/.test(argument)) return 'EINVAL';
  return done(filter.setEdge(Number(from), Number(to), Number(percent ?? 0)));
}

function name({ filter, argument }: Call): Status {
  const [, number, text = ''] = /^(\d+)\s*,(.*)$/.exec(argument) ?? [];
  const named = filter.nodes[Number(number ?? NaN)];
  if (!named) return 'EINVAL';
  named.name = text.replace(/\p{Cc}/gu, '?');
  return 'success';
}

function help({ print }: Call): Status {
  for (const [syntax, text, width] of table) print(`${syntax.padEnd(width)} ${text}`);
  return 'success';
}

const table: readonly (readonly [string, string, number])[] = [
  ['COMMAND', 'HELP', 12],
  ['------------', '------------', 12],
  ['help', 'show these commands', 12],
  ['load', 'run the commands of a file', 12],
  ['showinfo', 'all values, and the frames in transit', 12],
  ['loss', 'lost frames: percent', 12],
  ['lostburst', 'the average number of frames lost in a row', 12],
  ['delay', 'delay of frames: ms', 12],
  ['dup', 'duplicated frames: percent', 12],
  ['bandwidth', 'speed of the channel: bytes/sec', 12],
  ['speed', 'speed of the sender: bytes/sec', 12],
  ['noise', 'flipped bits in a Mbyte', 12],
  ['mtu', 'the longest frame: bytes', 12],
  ['chanbufsize', 'the capacity of the channel: bytes', 12],
  ['fifo', 'keep frames in order: 1 yes, 0 no', 12],
  ['drops', 'lost frames, by reason', 12],
  ['shutdown', 'end the filter', 12],
  ['logout', 'end this session', 12],
  ['markov-numnodes n', 'make n nodes, each with all values', 18],
  ['markov-setnode n', 'make a node the current one', 18],
  ['markov-name n,name', 'give a node a name', 18],
  ['markov-time ms', 'time between transitions: ms', 18],
  ['setedge n1,n2,w', 'probability that n2 follows n1: percent', 18],
  ['showinfo n', 'all values of a node', 18],
  ['showedges n', 'the nodes that follow a node', 18],
  ['showcurrent', 'the current node', 18],
  ['markov-debug n', 'events for node changes: 1 on, 0 off', 18],
];
