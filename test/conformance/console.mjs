/**
 * A client of the console (`-M`): it says a line, and knows where the reply ends. It knows the text that programs parse and nothing else.
 */
import { connect } from 'node:net';
import { join } from 'node:path';
import { patience, scratch, startSwitch, until } from './peer.mjs';

const prompt = '\nvde$ ';

/** The lines around the data of a reply. */
const block = { begin: "0000 DATA END WITH '.'\n", end: '.\n' };

/** A client of a console. */
export class Console {
  #text = '';
  #events = [];
  #closed = false;
  #wake = () => undefined;

  /** Connects, and waits until the switch has greeted; as another user when `user` names a uid and a gid. */
  static async open(t, path, user) {
    const console = await Console.connect(t, path, user);
    console.greeting = await console.until(prompt);
    return console;
  }

  /** Connects as soon as the console listens. */
  static async connect(t, path, user) {
    let stream;
    await until(async () => (stream = await connected(path, user)) !== undefined, join(path, '..'));
    return Console.on(t, stream);
  }

  /** Returns a client on an existing stream. */
  static on(t, stream) {
    const console = new Console();
    console.stream = stream;
    console.#hear();
    t.teardown(() => console.close());
    return console;
  }

  #hear() {
    this.stream.setEncoding('latin1');
    this.stream.on('data', (text) => {
      this.#text += text;
      this.#wake();
    });
    this.stream.on('error', () => undefined);
    this.stream.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
  }

  /** Writes these octets and no other. */
  send(octets) {
    this.stream.write(octets);
  }

  /** Says a line, and returns its reply. */
  ask(line) {
    this.send(`${line}\n`);
    return this.reply();
  }

  /** Returns the next reply, taken apart: `status` is its last line, `data` the lines of its block, `text` all of it, but for events. */
  async reply() {
    const text = this.#withoutEvents((await this.until(prompt)).slice(0, -prompt.length));
    const data = text.startsWith(block.begin) ? text.slice(block.begin.length, text.lastIndexOf(`\n${block.end}`) + 1) : undefined;
    return { text, status: text.trimEnd().split('\n').at(-1), data: data?.split('\n').slice(0, -1) };
  }

  /** Returns the data of the reply to a line, which must end well. */
  async data(line) {
    const { data, status } = await this.ask(line);
    if (status !== '1000 Success' || !data) throw new Error(`${line}: ${status}`);
    return data;
  }

  /** Returns the status of the reply to a line. */
  async status(line) {
    return (await this.ask(line)).status;
  }

  /** Gives commands that must be done. */
  async give(...lines) {
    for (const line of lines) {
      const status = await this.status(line);
      if (!status.startsWith('1000 ')) throw new Error(`${line}: ${status}`);
    }
  }

  /** Returns the next event. */
  async event() {
    await this.#wait(() => this.#takeEvents() > 0, 'an event');
    return this.#events.shift();
  }

  /** Returns the next so many events. */
  async eventsInNumber(count) {
    const events = [];
    while (events.length < count) events.push(await this.event());
    return events;
  }

  /** Returns the events that came up to the reply that was read last. */
  events() {
    this.#takeEvents();
    return this.#events.splice(0);
  }

  /** Waits for a text, and returns all up to its end. */
  async until(text) {
    await this.#wait(() => this.#text.includes(text), JSON.stringify(text));
    const end = this.#text.indexOf(text) + text.length;
    const taken = this.#text.slice(0, end);
    this.#text = this.#text.slice(end);
    return taken;
  }

  /** Says all this and no more, and returns all that is said to it. */
  transcript(octets) {
    this.stream.end(octets);
    return this.rest();
  }

  /** Waits for the end of the stream, and returns what came before. */
  async rest() {
    await this.#wait(() => this.#closed, 'the end', true);
    return this.#text;
  }

  /** Leaves without a word. */
  close() {
    this.stream.destroy();
  }

  #withoutEvents(text) {
    const [events] = /^(?:3\d{3} [^\n]*\n)*/.exec(text);
    this.#events.push(...events.split('\n').slice(0, -1));
    return text.slice(events.length);
  }

  #takeEvents() {
    this.#text = this.#withoutEvents(this.#text);
    return this.#events.length;
  }

  #wait(check, what, atEnd = false) {
    return new Promise((resolve, reject) => {
      const fail = (why) => reject(new Error(`${why} instead of ${what}, after ${JSON.stringify(this.#text.slice(-300))}`));
      const timer = setTimeout(fail, patience, 'silence');
      this.#wake = () => {
        if (!check() && !this.#closed) return;
        clearTimeout(timer);
        this.#wake = () => undefined;
        if (check() || atEnd) resolve();
        else fail('the end');
      };
      this.#wake();
    });
  }
}

/** Connects to a listener; returns undefined if there is none. */
function connected(path, user) {
  return new Promise((resolve) => {
    if (user) process.setegid(user.gid);
    if (user) process.seteuid(user.uid);
    const stream = connect(path);
    if (user) process.seteuid(0);
    if (user) process.setegid(0);
    stream.once('connect', () => resolve(stream));
    stream.once('error', () => resolve(undefined));
  });
}

/** Starts a switch with a console. Returns it with its directory, the path of its console, a client, and a function that opens more. */
export async function startConsole(t, ...args) {
  const parent = scratch(t);
  const directory = join(parent, 'sw');
  const path = join(parent, 'mgmt');
  const one = await startSwitch(t, directory, '-M', path, ...args);
  const session = (t) => Console.open(t, path);
  return Object.assign(one, { parent, directory, path, session, console: await session(t) });
}

/**
 * Returns a switch that the checks of a file use one after the other, as if newly started: it is cleared through its console. A switch that
 * is in the wrong state after that, or has ended, is replaced by another. The result is that of `startConsole`, for each caller with its
 * `t`.
 */
export function reusedConsole(root, ...args) {
  let one;
  return async (t) => {
    if (one === undefined || one.over || !(await isCleared(t, one))) one = await startConsole(root, ...args);
    return Object.assign(one, { console: await one.session(t) });
  };
}

async function isCleared(t, one) {
  const lines = ['port/sethub 0', 'fstp/setfstp 0', 'fstp/bonus 0 0 0', 'port/setnumports 32'];
  for (const [setting, value] of Object.entries({ size: 128, gcint: 2, expire: 100, minper: 3 })) lines.push(`hash/set${setting} ${value}`);
  try {
    const console = await one.session(t);
    for (const [menu, name] of [
      ['plugin/list', /^([a-z]+) /],
      ['port/allprint', /^Port (\d+)/],
      ['vlan/print', /^VLAN (?!0000)(\d+)/],
    ]) {
      const found = (await console.ask(menu)).data.flatMap((row) => name.exec(row)?.[1] ?? []);
      const remove = menu === 'plugin/list' ? 'plugin/del' : `${menu.split('/')[0]}/remove`;
      await console.give(...found.map((found) => `${remove} ${found}`));
    }
    await console.give(...lines);
    console.close();
    return true;
  } catch {
    await one.end('SIGKILL');
    return false;
  }
}

/** Returns the lines of a port: `{ head, users, in, out, endpoints }`. */
export async function portPrint(console, number) {
  const [head, users, counted, sent, ...endpoints] = await console.data(`port/print ${number}`);
  return { head, users, in: counted, out: sent, endpoints };
}

/** `fstp/print` with each age as N. */
export async function fstpTree(console, vlan = '') {
  return (await console.data(`fstp/print ${vlan}`)).map((line) => line.replace(/ age \d+ /, ' age N '));
}

/** Returns the tree without the ports, of a switch that is the root: the one with the address 00:ff:aa:bb:cc:01. */
export function rootedTree({ vlan = '0000', disabled = false, bonus = 'bonusport 0000 bonuscost 0', priority = '80:00' } = {}) {
  return [
    `FST DATA VLAN ${vlan} ROOTSWITCH ${disabled ? 'FSTP IS DISABLED' : ''}`,
    ` ++ root ${priority}:00:ff:aa:bb:cc:01`,
    ' ++ designated ff:ff:ff:ff:ff:ff:ff:ff',
    ` ++ rootport 0000 cost 0 age N ${bonus}`,
  ];
}

/** Returns the line of a port in it. */
export const treePort = (number, role, tagged = 0) => ` -- Port 000${number} tagged=${tagged} portcost=20000000 role=${role}`;

/** The status lines that commands end with. */
export const status = {
  success: '1000 Success',
  noEntry: '1002 No such file or directory',
  noAddress: '1006 No such device or address',
  exists: '1017 File exists',
  noDevice: '1019 No such device',
  invalid: '1022 Invalid argument',
  full: '1028 No space left on device',
  unknown: '1038 Function not implemented',
  inUse: '1098 Address already in use',
};

/** One check for each line, in a session of its own: the whole of its reply is this status. `group` begins their ids. */
export function checkStatuses(t, group, one, rows) {
  for (const [line, expected] of rows)
    t.test(`${group}-status[${line}]: ends with ${expected}`, async (t) => {
      const console = await one.session(t);
      t.equal((await console.ask(line)).text, `${expected}\n`);
    });
}

/** One check for each line, in a session of its own: its reply is a block without data, and this status. */
export function checkEmptyBlocks(t, group, one, rows) {
  for (const [line, expected] of rows)
    t.test(`${group}-empty[${line}]: has no data, and ends with ${expected}`, async (t) => {
      const console = await one.session(t);
      t.equal((await console.ask(line)).text, `${block.begin}${block.end}${expected}\n`);
    });
}
