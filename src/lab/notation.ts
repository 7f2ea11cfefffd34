import { EtherloomError } from '../errors.ts';
import { parseHex } from '../wire/octets.ts';
import { bridge, check } from './figure.ts';
import { LabHost } from './lab-host.ts';
import { switchWords } from './lab-switch-options.ts';
import { LabSwitch } from './lab-switch.ts';
import { type LabUdpSocket, udpWords } from './lab-udp-socket.ts';
import { flapWords, type Side } from './link.ts';
import type { Network } from './network.ts';
import { checkNumber } from './numbers.ts';
import { linkWords, type Node, stationWords } from './plugs.ts';
import { millisecondsOf, onGrid } from './span.ts';
import { parseNames, parseNumber, parseWords } from './words.ts';
import { dhcpWords } from './lab-dhcp.ts';
import { hostWords, pingWords } from './lab-host-options.ts';
import { skewWords } from './skewed-clock.ts';

/* The lines of the notation: actions on a network, each like the method of the same name. `docs/lab.md` lists them. */

/** The state in which the lines of one text run. */
export interface Stage {
  readonly net: Network;
  /** Lasting faults, by their names in the text. */
  readonly faults: Map<string, Disposable>;
  /** UDP sockets, by their hosts and ports. */
  readonly sockets: Map<string, LabUdpSocket>;
}

interface Line<Result> {
  /** The form of the line. */
  readonly usage: string;
  /** The least number of words. */
  readonly words: number;
  readonly run: (stage: Stage, words: Words) => Result;
}

type Words = readonly string[];

/** Immediate actions. */
const acts: Readonly<Record<string, Line<unknown>>> = {
  switch: line('switch NAME [OPTIONS]', 1, ({ net }, [name = '', ...words]) => net.switch(name, parseWords(words, switchWords))),
  host: line('host NAME SWITCH|- [OPTIONS]', 2, ({ net }, [name = '', at = '', ...words]) =>
    net.host(name, placeOf(net, at), parseWords(words, hostWords)),
  ),
  station: line('station NAME SWITCH|- [OPTIONS]', 2, ({ net }, [name = '', at = '', ...words]) =>
    net.station(name, placeOf(net, at), parseWords(words, stationWords)),
  ),
  dhcp: line('dhcp SWITCH [OPTIONS]', 1, ({ net }, [at = '', ...words]) => net.dhcp(net.switchNamed(at), parseWords(words, dhcpWords))),
  link: line('link NODE NODE [OPTIONS]', 2, ({ net }, [a = '', b = '', ...words]) =>
    net.link(net.node(a), net.node(b), parseWords(words, linkWords)),
  ),
  bridge: line('bridge NUMBER ID = LAN ...', 3, ({ net }, words) => bridge(net, words)),
  check: line('check BRIDGE = root, or R, D or A for each of its LANs', 3, ({ net }, [name = '', equals, ...roles]) =>
    check(net.switchNamed(name), equals, roles),
  ),
  remove: line('remove NODE', 1, ({ net }, [name = '']) => net.remove(net.node(name))),
  unlink: line('unlink LINK', 1, ({ net }, [name = '']) => net.unlink(net.linkNamed(name))),
  latency: line('latency LINK MILLISECONDS', 2, ({ net }, [name = '', value = '']) => (net.linkNamed(name).latency = numberOf(value))),
  mtu: line('mtu LINK OCTETS', 2, ({ net }, [name = '', value = '']) => (net.linkNamed(name).mtu = numberOf(value))),
  'disk-latency': line(
    'disk-latency HOST MILLISECONDS',
    2,
    ({ net }, [name = '', value = '']) => (net.hostNamed(name).disk.latency = numberOf(value)),
  ),
  send: line('send STATION FRAME', 2, ({ net }, [name = '', frame = '']) => net.stationNamed(name).send(octetsOf(frame))),
  ping: line('ping HOST ADDRESS [timeout MILLISECONDS] [size OCTETS] [dontFragment]', 2, ({ net }, [name = '', to = '', ...words]) =>
    net.hostNamed(name).startPing(to, () => undefined, parseWords(words, pingWords)),
  ),
  listen: line('listen HOST PORT|any [OPTIONS]', 2, ({ net, sockets }, [name = '', port = '', ...words]) => {
    const socket = net.hostNamed(name).udp(port === 'any' ? undefined : numberOf(port), undefined, parseWords(words, udpWords));
    sockets.set(`${name} ${socket.port}`, socket);
  }),
  udp: line('udp HOST PORT ADDRESS PORT [PAYLOAD]', 4, (stage, [name = '', port = '', to = '', toPort = '', payload = '']) =>
    socketOf(stage, name, port).send(to, numberOf(toPort), octetsOf(payload)),
  ),
  join: line('join HOST PORT GROUP', 3, (stage, [name = '', port = '', group = '']) => socketOf(stage, name, port).join(group)),
  leave: line('leave HOST PORT GROUP', 3, (stage, [name = '', port = '', group = '']) => socketOf(stage, name, port).leave(group)),
  close: line('close HOST PORT', 2, (stage, [name = '', port = '']) => {
    socketOf(stage, name, port)[Symbol.dispose]();
    stage.sockets.delete(`${name} ${port}`);
  }),
  end: line('end FAULT', 1, ({ faults }, [name = '']) => {
    const fault = faults.get(name);
    if (!fault) throw wrong(`there is no fault ${name}; name one that an earlier line began`);
    fault[Symbol.dispose]();
  }),
  run: line('run SECONDS', 1, ({ net }, [seconds = '']) => until(net.now + millisecondsOf({ seconds: numberOf(seconds) }))),
  at: line('at MILLISECONDS [after COUNT]', 1, ({ net }, [time = '', after, count = '']) => {
    const { timeline } = net.fabric;
    checkNumber('a time', numberOf(time));
    if (numberOf(time) < net.now)
      throw wrong(`time cannot go back to ${time} ms: it is ${net.now} ms already; put the lines in order of time`);
    if (after === undefined) return until(numberOf(time));
    if (after !== 'after' || !timeline.reach(numberOf(time), numberOf(count))) {
      throw wrong(
        `this run differs from the recording: ${timeline.count} events happened at ${net.now} ms; replay it with the version that recorded it`,
      );
    }
  }),
};

/** Faults, which last until they are ended. */
const faults: Readonly<Record<string, Line<Disposable>>> = {
  cut: line('cut LINK', 1, ({ net }, [name = '']) => net.linkNamed(name).cut()),
  silence: onSide('silence LINK [from NODE]', (link, _, side) => link.silence(side)),
  hold: onSide('hold LINK [from NODE]', (link, _, side) => link.hold(side)),
  impair: onSide('impair LINK [from NODE] QUALITY', (link, text, side) => link.impair(text, side)),
  vary: onSide('vary LINK [from NODE] MARKOV', (link, text, side) => link.vary(text, side)),
  flap: line('flap LINK up MILLISECONDS down MILLISECONDS', 5, ({ net }, [name = '', ...words]) => {
    const { up = 0, down = 0 } = parseWords(words, flapWords);
    return net.linkNamed(name).flap({ up, down });
  }),
  crash: line('crash SWITCH|HOST', 1, ({ net }, [name = '']) => crashing(net.node(name)).crash()),
  'fail-disk': line('fail-disk HOST', 1, ({ net }, [name = '']) => net.hostNamed(name).disk.fail()),
  skew: line('skew NODE rate RATE wall SECONDS', 1, ({ net }, [name = '', ...words]) => net.node(name).skew(parseWords(words, skewWords))),
  partition: line('partition NODE,NODE NODE,...', 1, ({ net }, groups) => net.partition(groupsOf(net, groups))),
  'partition-silently': line('partition-silently NODE,NODE NODE,...', 1, ({ net }, groups) =>
    net.partition(groupsOf(net, groups), { silent: true }),
  ),
  'full-disk': line('full-disk SERVER', 1, ({ net }, [number = '']) => {
    const server = net.servers[numberOf(number) - 1];
    if (!server) throw wrong(`there is no DHCP server ${number}: the network has ${net.servers.length}; number them from 1`);
    return server.fillDisk();
  }),
};

/** Performs a line, and returns the time until which to run afterwards. Throws EtherloomError with the mistake. */
export function perform(text: string, stage: Stage): number | undefined {
  const [, name, statement = ''] = /^(?:([A-Za-z]\w*) = )?(.*)$/.exec(text) ?? [];
  const [word = '', ...words] = statement.split(/\s+/);
  if (word === 'failing') {
    fail(words.join(' '), stage);
    return undefined;
  }
  if (Object.hasOwn(faults, word)) {
    const fault = run(faults[word], words, stage);
    if (name !== undefined) stage.faults.set(name, fault);
    return undefined;
  }
  if (!Object.hasOwn(acts, word) || name !== undefined)
    throw wrong(`unknown ${name === undefined ? 'line' : 'fault'} "${word}"; use one of: ${known(name)}`);
  const done = run(acts[word], words, stage);
  return done instanceof Until ? done.time : undefined;
}

/** The result of a line that lets time pass. */
class Until {
  readonly time: number;

  constructor(time: number) {
    this.time = time;
  }
}

function until(time: number): Until {
  return new Until(onGrid(time));
}

/** Replays a recorded action that was refused. */
function fail(text: string, stage: Stage): void {
  try {
    perform(text, stage);
  } catch {
    return;
  }
  throw wrong('this run differs from the recording: that line failed when it was recorded; replay it with the version that recorded it');
}

function run<Result>(known: Line<Result> | undefined, words: Words, stage: Stage): Result {
  if (!known || words.length < known.words) throw wrong(`words are missing; write it as: ${known?.usage ?? ''}`);
  return known.run(stage, words);
}

function known(name: string | undefined): string {
  return Object.keys(name === undefined ? { ...acts, ...faults } : faults).join(', ');
}

function line<Result>(usage: string, words: number, act: (stage: Stage, words: Words) => Result): Line<Result> {
  return { usage, words, run: act };
}

/** Returns a fault of a link, for one side or both. */
function onSide(usage: string, begin: (link: ReturnType<Network['linkNamed']>, text: string, side: Side) => Disposable): Line<Disposable> {
  return line(usage, 1, ({ net }, [name = '', ...words]) => {
    const [from, node = '', ...rest] = words;
    const link = net.linkNamed(name);
    return from === 'from' ? begin(link, rest.join(' '), { from: net.node(node) }) : begin(link, words.join(' '), {});
  });
}

function crashing(node: Node): LabSwitch | LabHost {
  if (node instanceof LabHost || node instanceof LabSwitch) return node;
  throw wrong(`${node.name} cannot crash: it is a station without a stack; name a switch or a host`);
}

function placeOf(net: Network, name: string): LabSwitch | undefined {
  return name === '-' ? undefined : net.switchNamed(name);
}

function groupsOf(net: Network, groups: Words): Node[][] {
  return groups.map((group) => parseNames(group).map((name) => net.node(name)));
}

function socketOf({ sockets }: Stage, host: string, port: string): LabUdpSocket {
  const socket = sockets.get(`${host} ${port}`);
  if (!socket) throw wrong(`${host} does not listen on port ${port}; write first: listen ${host} ${port}`);
  return socket;
}

function numberOf(text: string): number {
  const number = parseNumber(text);
  if (number === undefined) throw wrong(`"${text}" is not a number; write it as 5, 0.5 or 1e3`);
  return number;
}

function octetsOf(text: string): Uint8Array {
  const octets = parseHex(text);
  if (octets === undefined) throw wrong(`"${text}" is not a series of octets; write two hexadecimal digits for each`);
  return octets;
}

function wrong(what: string): EtherloomError {
  return new EtherloomError('bad-option', what);
}
