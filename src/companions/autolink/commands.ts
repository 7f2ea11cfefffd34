import type { Status } from '../../management/status.ts';
import type { Autolink } from './autolink.ts';
import type { AutoLink } from './link.ts';
import { expandWire, wordsOf } from './wire.ts';

/** A command of the console. */
export interface Command {
  readonly name: string;
  readonly help: string;
  /** The arguments as `help` shows them. */
  readonly syntax?: string;
  readonly run: (call: Call) => Status;
}

/** A call of a command. */
export interface Call {
  readonly autolink: Autolink;
  /** The switch's directory. */
  readonly sock: string;
  readonly argument: string;
  /** Adds a line to the reply's data. */
  readonly print: (line: string) => void;
}

/** The commands, as `help` lists them. `help`, `shutdown` and `runscript` are implemented by the console itself. */
export const commands: readonly Command[] = [
  { name: 'showwires', help: 'show the types of wire', run: showWires },
  {
    name: 'addwire',
    help: 'add a type of wire; its command must contain $myport, $mysock and $remotehost',
    syntax: 'TYPE CMD',
    run({ autolink, argument }) {
      const [, type, command] = /^(\S+)[ \t]+(.+)$/.exec(argument) ?? [];
      return type === undefined || command === undefined ? 'EINVAL' : autolink.addWire(type, command.trim());
    },
  },
  {
    name: 'delwire',
    help: 'remove a type of wire',
    syntax: 'TYPE',
    run: words(1, ({ autolink }, [type = '']) => autolink.removeWire(type)),
  },
  { name: 'showlinks', help: 'show the links', run: showLinks },
  { name: 'runninglinks', help: 'show the links that are connected', run: runningLinks },
  {
    name: 'addlink',
    help: 'add a link to one of these hosts',
    syntax: 'NAME REMOTEHOSTS',
    run: words(2, ({ autolink }, [name = '', ...remotes]) => autolink.addLink(name, remotes), Infinity),
  },
  { name: 'dellink', help: 'remove a link', syntax: 'NAME', run: words(1, ({ autolink }, [name = '']) => autolink.removeLink(name)) },
  {
    name: 'addtypelink',
    help: 'allow a link to try a type of wire',
    syntax: 'NAME TYPE',
    run: words(2, ({ autolink }, [name = '', type = '']) => autolink.addType(name, type)),
  },
  {
    name: 'deltypelink',
    help: 'remove a type of wire from a link',
    syntax: 'NAME TYPE',
    run: words(2, ({ autolink }, [name = '', type = '']) => autolink.removeType(name, type)),
  },
  {
    name: 'linkonoff',
    help: 'switch a link on or off',
    syntax: 'NAME 1/0',
    run: words(2, ({ autolink }, [name = '', on = '']) => (/^\d+$/.test(on) ? autolink.turn(name, Number(on) !== 0) : 'EINVAL')),
  },
  { name: 'jobsqueue', help: 'show the next action of each link, and in how many seconds it is due', run: jobsQueue },
];

/** Makes a command that takes `least` to `most` words; `most` defaults to `least`. */
function words(least: number, run: (call: Call, given: readonly string[]) => Status, most = least): Command['run'] {
  return (call) => {
    const given = wordsOf(call.argument);
    return given.length < least || given.length > most ? 'EINVAL' : run(call, given);
  };
}

function showWires({ autolink, print }: Call): Status {
  if (autolink.wires.size === 0) print('no wire defined');
  for (const [type, command] of autolink.wires) for (const line of [`TYPE = ${type}`, `CMD = ${command}`, '']) print(line);
  return 'success';
}

function showLinks({ autolink, sock, print }: Call): Status {
  if (autolink.links.size === 0) print('no autolink defined');
  for (const link of autolink.links.values()) {
    print(`NAME = ${link.name}${link.port === undefined ? '' : ` (PORT: ${link.port}${link.isActive ? ' - ACTIVE' : ''})`}`);
    for (const remote of link.remotes) print(`RHOST: ${remote}`);
    print('WIRES:');
    for (const [type, command] of link.wires)
      print(`${type}: ${expandWire(command, { port: link.port, sock, remote: link.remote }).join(' ')}`);
    print('');
  }
  return 'success';
}

function runningLinks({ autolink, print }: Call): Status {
  for (const { name, port, running } of autolink.links.values()) {
    if (running) print(`NAME = ${name} (PORT: ${port ?? ''}), WIRE = ${running.type}, RHOST = ${running.remote}`);
  }
  return 'success';
}

function jobsQueue({ autolink, print }: Call): Status {
  const waiting = [...autolink.links.values()].flatMap((link: AutoLink) => (link.job ? [{ name: link.name, ...link.job }] : []));
  if (waiting.length === 0) print('jobs queue is empty');
  for (const { name, action, left } of waiting.sort((one, other) => one.left - other.left)) {
    print(`TIME: ${left}, ACTION: ${action.padEnd(5)}, LINK: ${name}`);
  }
  return 'success';
}
