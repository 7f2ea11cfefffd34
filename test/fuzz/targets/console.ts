import { decodeVdeRequest, encodeVdeRequest } from '../../../src/ports/vde/vde-control.ts';
import { decodePcap } from '../../../src/wire/pcap.ts';
import { ConsoleStage, type StageSession } from '../../vde-console/console-stage.ts';
import { fixture } from '../../wire/fixture.ts';
import { must, octetsOf, type Target, type Trial } from '../target.ts';
import { user } from '../../user.ts';

const sessions = 3;
const numports = 16;

/** The first octet of an input says what happens: text is typed in a session, or one of these. */
const happenings = ['come', 'go', 'frame', 'time', 'stall', 'read', 'leave', 'finish'] as const;
const happening = 0xf0;

/** Commands, each with the arguments that are tried at first. */
const lines = [
  'help',
  'help port',
  'showinfo',
  'ds/showinfo',
  'logout',
  '#nothing',
  '',
  ' \t help ',
  'load self',
  'load twice',
  'load nothing',
  'load files',
  'debug/list',
  'debug/add',
  'debug/add hash',
  'debug/del port',
  'debug/add dump',
  'plugin/list',
  'plugin/add dump',
  'plugin/add pdump',
  'plugin/add iplog',
  'plugin/del dump',
  'plugin/del iplog',
  'dump/active 1',
  'pdump/active 1',
  'pdump/filename x',
  'iplog/ipadd 0.0.0.0/0',
  'iplog/ipadd ::/0',
  'iplog/ipdel ::/0',
  'iplog/iplist',
  'iplog/ipport 1',
  'iplog/ipuser alice',
  'iplog/ipsearch 10.0.0.1',
  'iplog/list',
  'iplog/logfile log',
  'iplog/showinfo',
  'iplog/setexpire 9',
  'iplog/setgcint 0',
  'hash/showinfo',
  'hash/setsize 64',
  'hash/setgcint 0',
  'hash/setexpire 5',
  'hash/setminper 1',
  'hash/print',
  'hash/find 02:00:00:00:00:01 0',
  'fstp/showinfo',
  'fstp/setfstp 1',
  'fstp/setfstp 0',
  'fstp/setedge 0 1 1',
  'fstp/bonus 0 1 1000',
  'fstp/print',
  'fstp/print 5',
  'port/showinfo',
  'port/setnumports 20',
  'port/sethub 1',
  'port/sethub 0',
  'port/setvlan 1 5',
  'port/createauto',
  'port/create 7',
  'port/remove 7',
  'port/allocatable 1 0',
  'port/setuser 1 alice',
  'port/setgroup 1 NONE',
  'port/epclose 1 1',
  'port/resetcounter',
  'port/print',
  'port/print 1',
  'port/allprint',
  'port/drops',
  'port/down 1',
  'port/up 1',
  'port/impair 1 loss 5, delay 20+5n',
  'port/impair 1 off',
  'mirror/add 1 2 quiet',
  'vlan/create 5',
  'vlan/remove 5',
  'vlan/addport 5 1',
  'vlan/delport 5 1',
  'vlan/trunk 2 1',
  'vlan/print',
  'vlan/allprint',
  'vlan/print 5',
  'trace 1 ffffffffffff020000000001080045',
  'mirror/add 1 2',
  'mirror/del 1',
  'mirror/print',
  'capture/start 1 file',
  'capture/stop 1',
  'capture/print',
  'link/add tcp://127.0.0.1:1',
  'link/print',
  'link/del 1',
  'config/show',
  'config/save files',
];

/** A console with its sessions, while ports come and go. */
export const consoleTarget: Target = {
  name: 'console',
  seeds: () => {
    const frames = (decodePcap(fixture('wire/stations.pcap'))?.records ?? []).map(({ frame }) => frame);
    return [
      ...lines.map((line, i) => octetsOf(`${String.fromCharCode(i % sessions)}${line}\n`)),
      ...lines.filter((_, i) => i % 4 === 0).map((line, i) => octetsOf(`${String.fromCharCode(i % sessions)}${line}`)),
      octetsOf(`\0${lines.slice(20, 26).join('\n')}\n`),
      ...happenings.flatMap((_, kind) => [1, 2, 3].map((n) => Uint8Array.of(happening + kind, n, 0x63, 0x2e, 0x0a))),
      ...frames.map((frame, i) => Uint8Array.of(happening + happenings.indexOf('frame'), 1 + (i % 3), ...frame)),
    ];
  },
  words: () => [
    ...lines.map(octetsOf),
    ...[
      '\n',
      '.\n',
      ' 0 ',
      '-1',
      '65536',
      '4095',
      '0x10',
      '99999999999999999999',
      '\0',
      '\r\n',
      '1000 Success\n',
      '0000 DATA END',
      '%s',
    ].map(octetsOf),
  ],
  open: () => new ConsoleTrial(),
};

class ConsoleTrial implements Trial {
  readonly #stage = new ConsoleStage({ numports, switch: { maxEntries: 200 } });
  readonly #sessions: StageSession[] = [];

  constructor() {
    const { texts } = this.#stage.files;
    texts.set('self', 'port/print\nload self\n\nshutdown\nlogout\n');
    // It is long, so that it is soon too much.
    texts.set('twice', `${'load twice\n'.repeat(3)}${`#${' '.repeat(4_000)}\n`.repeat(100)}`);
    texts.set('files', 'plugin/add pdump\npdump/active 1\nload self\ndebug/add\nport/allprint');
    for (let n = 1; n <= 3; n++) this.#stage.plug(n, { peer: user(1000 + n), description: `station ${n}` });
    for (let n = 0; n < sessions; n++) this.#sessions.push(this.#greeted());
  }

  take(input: Uint8Array): void {
    const [first = 0, n = 0] = input;
    if (first >= happening) this.#happen(happenings[(first - happening) % happenings.length], n, input.subarray(2));
    else this.#sessions[first % sessions]?.session.receive(Buffer.from(input.subarray(1)).toString('utf8'));
    for (const [at, { ended }] of this.#sessions.entries()) if (ended) this.#sessions[at] = this.#greeted();
    must(this.#stage.clock.timers <= 4, () => `${this.#stage.clock.timers} timers run`);
    this.#stage.left = [];
    this.#stage.files.empty();
    for (const one of this.#sessions) one.shown = '';
  }

  /** After the end of all sessions there are no more callbacks. */
  end(): void {
    const { events } = this.#stage.console;
    for (const { session } of this.#sessions) session.close();
    must(
      events.matching('').every((category) => !events.wanted(category)),
      () => 'nobody wants events any more',
    );
    this.#stage[Symbol.dispose]();
    must(this.#stage.files.opened === 0, () => `${this.#stage.files.opened} files are open`);
    must(!this.#stage.taps.active && events.matching('').length === 0, () => 'what was added to the console is taken out');
  }

  #greeted(): StageSession {
    const one = this.#stage.session();
    const framing = new Framing();
    one.watch = (text, kind) => framing.take(text, kind);
    return one;
  }

  #happen(what: (typeof happenings)[number] | undefined, n: number, rest: Uint8Array): void {
    const port = 1 + (n % (numports - 1));
    const one = this.#sessions[n % sessions];
    if (what === 'come') this.#come(port, rest);
    else if (what === 'go') this.#stage.ports.at(port)?.[0]?.close();
    else if (what === 'frame') this.#stage.receive(port, rest);
    else if (what === 'time') this.#stage.clock.advance(n * 100);
    else if (one && what === 'stall') one.backlog = 2 ** 21;
    else if (one && what === 'read') {
      one.backlog = 0;
      one.session.resume();
    } else if (one && what === 'leave') {
      one.session.close();
      this.#sessions[n % sessions] = this.#greeted();
    } else if (one) {
      one.backlog = 0;
      one.session.finish();
    }
  }

  /** A client with that description, as it would come by the control socket. */
  #come(port: number, description: Uint8Array): void {
    const request = Buffer.concat([encodeVdeRequest({ wish: port, path: '/x', description: '' }), description]);
    const { description: text = '' } = decodeVdeRequest(new Uint8Array(request)) ?? {};
    const peer = user(1000 + (description.length % 3));
    if (this.#stage.ports.choose(port, peer) === port) this.#stage.plug(port, { peer, description: text });
  }
}

/**
 * The framing that clients rely on: data between its two lines, one line of status at the end of each reply, and events between replies
 * only.
 */
class Framing {
  #withinData = false;
  #last = '';
  #wasStatus = true;

  take(text: string, kind: 'text' | 'prompt'): void {
    if (kind === 'prompt') {
      must(this.#last === '' && !this.#withinData && this.#wasStatus, () => 'a prompt comes behind a status, at the beginning of a line');
      return;
    }
    if (text === '9999 END OF SESSION') return;
    const whole = (this.#last + text).split('\n');
    this.#last = whole.pop() ?? '';
    for (const line of whole) this.#line(line);
    must(this.#last === '', () => `${JSON.stringify(text)} ends with a line`);
  }

  #line(line: string): void {
    if (this.#withinData) {
      this.#withinData = line !== '.';
      this.#wasStatus = false;
      return;
    }
    if (line === "0000 DATA END WITH '.'") {
      this.#withinData = true;
      return;
    }
    const isStatus = /^1\d\d\d [A-Z][A-Za-z/ ]+$/.test(line);
    const isOther = line === '' || line.startsWith('vde[') || /^3\d\d\d \S/.test(line);
    must(isStatus || isOther, () => `${JSON.stringify(line)} is a status, an event or the line of a script`);
    if (line !== '') this.#wasStatus = true;
  }
}
