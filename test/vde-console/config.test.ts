/** The settings of a switch, saved as a script and read back. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OpenFile } from '../../src/management/files.ts';
import type { Links, Managed, ManagedLink } from '../../src/management/managed.ts';
import { operationTable } from '../../src/management/schemas/operation-table.ts';
import type { Status } from '../../src/management/status.ts';
import { vid } from '../../src/wire/dot1q.ts';
import { eventually } from '../eventually.ts';
import { ConsoleStage, type StageOptions, type StageSession } from './console-stage.ts';

/** Links that are kept, and never opened. */
class KeptLinks implements Links {
  readonly usesOf = (): undefined => undefined;
  readonly #links = new Map<number, ManagedLink>();
  #lastId = 0;

  readonly list = (): ManagedLink[] => [...this.#links.values()];
  readonly remove = (id: number): boolean => this.#links.delete(id);
  readonly add = (address: string, { plain }: { readonly plain: boolean }): Status => {
    if (this.list().some((link) => link.address === address)) return 'EEXIST';
    const id = ++this.#lastId;
    this.#links.set(id, { id, address, plain, state: 'opening' });
    return 'success';
  };
}

function newStage(options: StageOptions): { readonly stage: ConsoleStage; readonly console: StageSession } {
  const stage = new ConsoleStage({ ...options, managed: { links: new KeptLinks() } });
  return { stage, console: stage.session() };
}

const port = fc.integer({ min: 1, max: 4 });
const vlan = fc.constantFrom(1, 2, 10, 4093);
const onOff = fc.constantFrom(0, 1);
const account = fc.constantFrom('alice', '1001', '4294967294', 'NONE', 'root');
const seconds = fc.integer({ min: -3, max: 1000 });
const range = fc.constantFrom('10.0.0.0/8', '10.1.0.0/16', 'fd00::/8', '192.0.2.7');
const words = fc.constantFrom('loss 5', 'delay 20+5n, loss 1', 'delay 0.0000001+0.00000002', 'bandwidth 1m, fifo 0', 'mtu 1000', 'off');

function line(...parts: readonly (string | fc.Arbitrary<string | number>)[]): fc.Arbitrary<string> {
  return fc.tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part))).map((words) => words.join(' '));
}

/** Lines that run each operation that changes a setting. */
const linesByOperation: Readonly<Record<string, fc.Arbitrary<string>>> = {
  'port.setnumports': line('port/setnumports', fc.constantFrom(7, 32, 100)),
  'port.sethub': line('port/sethub', onOff),
  'port.setvlan': line('port/setvlan', port, fc.oneof(vlan, fc.constantFrom(0, 4095))),
  'port.create': line('port/create', port),
  'port.remove': line('port/remove', port),
  'port.allocatable': line('port/allocatable', port, onOff),
  'port.sticky': line('port/sticky', port, onOff),
  'port.guard': line('port/guard', port, onOff),
  'port.setuser': line('port/setuser', port, account),
  'port.setgroup': line('port/setgroup', port, account),
  'port.setup': line(fc.constantFrom('port/up', 'port/down'), port),
  'port.impair': line('port/impair', port, words),
  'vlan.create': line('vlan/create', vlan),
  'vlan.remove': line('vlan/remove', vlan),
  'vlan.addport': line('vlan/addport', fc.oneof(vlan, fc.constant(0)), port),
  'vlan.delport': line('vlan/delport', vlan, port),
  'vlan.trunk': line('vlan/trunk', port, onOff),
  'fstp.setfstp': line('fstp/setfstp', onOff),
  'fstp.bonus': line('fstp/bonus', fc.oneof(vlan, fc.constant(0)), port, fc.integer({ min: -5, max: 20_000_001 })),
  'fstp.maxage': line('fstp/maxage', fc.integer({ min: 0, max: 255 })),
  'fstp.bothends': line('fstp/bothends', onOff),
  'station.setsize': line('hash/setsize', fc.integer({ min: 1, max: 1024 })),
  'station.setgcint': line('hash/setgcint', seconds),
  'station.setexpire': line('hash/setexpire', seconds),
  'station.setminper': line('hash/setminper', seconds),
  'mirror.add': line('mirror/add', port, port, fc.constantFrom('', 'quiet')),
  'mirror.del': line('mirror/del', port, fc.oneof(port, fc.constant(''))),
  'address.ipadd': line('iplog/ipadd', range),
  'address.ipdel': line('iplog/ipdel', range),
  'address.setgcint': line('iplog/setgcint', seconds),
  'address.setexpire': line('iplog/setexpire', seconds),
  'link.add': line(
    'link/add',
    fc.constantFrom('tcp://127.0.0.1:7000', 'tcp-listen://0.0.0.0:7001', 'tcp://[::1]:7002'),
    fc.constantFrom('', 'plain'),
  ),
  'link.del': line('link/del', fc.integer({ min: 1, max: 4 })),
};

/** Lines of all operations, after most ports and VLANs are created, so that the others find them. fast-check would prefer short scripts. */
const creations = [1, 2, 3, 4].map((n) => `port/create ${n}`).concat([1, 2, 10].map((n) => `vlan/create ${n}`));
const script = fc
  .tuple(
    fc.shuffledSubarray(creations, { minLength: 5 }),
    fc.array(fc.oneof(...Object.values(linesByOperation)), { minLength: 10, maxLength: 60, size: 'max' }),
  )
  .map(([first, then]) => [...first, ...then]);

/** A client that comes to a port or leaves it. */
const visit = fc.record({ kind: fc.constantFrom('come' as const, 'go' as const), port });

/** A client's deed, or an operator's. Mirrors are more frequent than most, since they need ports that nothing else was done to. */
const deed = fc.oneof(
  { weight: 20, arbitrary: visit },
  { weight: 5, arbitrary: linesByOperation['mirror.add'] ?? fc.constant('') },
  ...Object.values(linesByOperation),
);

const options: fc.Arbitrary<StageOptions> = fc.record({
  trunk: fc.boolean(),
  numports: fc.constantFrom(32, 40),
  hub: fc.boolean(),
  fstp: fc.boolean(),
});

const shows = [
  'config/show',
  'port/showinfo',
  'vlan/allprint',
  'fstp/showinfo',
  'fstp/print',
  'mirror/print',
  'hash/showinfo',
  'link/print',
];

/** Returns all that operations can set, read from the switch itself: a setting that its saver forgets is missing in `config/show` of both switches. */
function stateOf({ managed }: ConsoleStage): unknown {
  const { ports, switch: bridge, stationSettings, mirrors, links, addresses } = managed;
  return {
    numports: ports.numports,
    hub: bridge.hub,
    ports: ports.list().map(({ number }) => portOf(managed, number)),
    vlans: bridge.vlans.list(),
    trees: {
      enabled: bridge.fstp.enabled,
      maxAge: bridge.fstp.maxAge,
      bothEnds: bridge.fstp.closesBothEnds,
      bonuses: bridge.vlans.list().map((vlan) => bridge.fstp.bonus(vlan)),
    },
    stations: {
      size: stationSettings.size,
      gcInterval: stationSettings.gcInterval,
      expire: stationSettings.expire,
      minPersistence: stationSettings.minPersistence,
      ageing: [bridge.database.ageingTime, bridge.database.minPersistence],
    },
    mirrors: mirrors.list(),
    links: links?.list().map(({ address, plain }) => ({ address, plain })),
    addresses: { ranges: addresses.ranges, gcInterval: addresses.gcInterval, expire: addresses.expire },
  };
}

function portOf({ ports, switch: bridge }: Managed, number: number): unknown {
  const { allocatable, user, group, condition } = ports.get(number) ?? {};
  const one = bridge.port(number);
  const { untagged, trunk, tagged = [] } = one?.vlans ?? {};
  return { number, allocatable, user, group, condition, sticky: one?.sticky, untagged, trunk, tagged: [...tagged].sort() };
}

/** Saves the settings of a switch. Returns the file. */
function save({ stage, console }: ReturnType<typeof newStage>): string {
  expect(console.say('config/save /rc')).toEqual(['1000 Success']);
  return new TextDecoder().decode(stage.files.written('/rc'));
}

/** Loads a script. Returns the statuses of its lines. */
function load({ stage, console }: ReturnType<typeof newStage>, text: string): string[] {
  stage.files.texts.set('/rc', text);
  return console.say('load /rc').filter((line) => /^1\d{3} /.test(line));
}

describe('the settings of a switch', () => {
  it('has lines for each operation that changes one', () => {
    const settings = operationTable.filter(({ operation }) => operation.setting).map(({ operation }) => operation.name);
    expect(Object.keys(linesByOperation).sort()).toEqual(settings.sort());
  });

  it('are the same in a new switch that reads them, without an error, and in the switch itself', () => {
    fc.assert(
      fc.property(options, script, (given, lines) => {
        const [a, b] = [newStage(given), newStage(given)];
        a.console.say('plugin/add iplog');
        for (const one of lines) a.console.say(one);
        const text = save(a);
        expect(text.split('\n').slice(0, -1)).toEqual(a.console.ask('config/show'));
        expect(new Set(load(b, text))).toEqual(new Set(['1000 Success']));
        expect(stateOf(b.stage)).toEqual(stateOf(a.stage));
        for (const one of [...shows, 'port/allprint']) expect(b.console.ask(one), one).toEqual(a.console.ask(one).map(withoutId(one)));
        for (const status of load(a, text)) expect(['1000 Success', '1017 File exists']).toContain(status);
        expect(save(a)).toBe(text);
        for (const { stage } of [a, b]) stage[Symbol.dispose]();
      }),
      { seed: 15, numRuns: 200 },
    );
  });

  it('are the same in a new switch also when clients came and went', () => {
    fc.assert(
      fc.property(options, fc.array(deed, { minLength: 5, maxLength: 60, size: 'max' }), (given, deeds) => {
        const [a, b] = [newStage(given), newStage(given)];
        a.console.say('plugin/add iplog');
        for (const deed of deeds) {
          if (typeof deed === 'string') a.console.say(deed);
          else if (deed.kind === 'go') a.stage.ports.at(deed.port)?.[0]?.close();
          else if (deed.port < a.stage.ports.numports) a.stage.plug(deed.port);
        }
        for (const endpoint of [...a.stage.ports.endpoints()]) endpoint.close();
        const text = save(a);
        expect(new Set(load(b, text))).toEqual(new Set(['1000 Success']));
        expect(save(b)).toBe(text);
        for (const { number } of b.stage.ports.list()) expect(portOf(b.stage.managed, number)).toEqual(portOf(a.stage.managed, number));
        for (const { stage } of [a, b]) stage[Symbol.dispose]();
      }),
      { seed: 15, numRuns: 200 },
    );
  });
});

/** Links have other numbers in a switch where none was closed before. */
function withoutId(command: string): (line: string, at: number) => string {
  return (line, at) => (command === 'link/print' ? line.replace(/^Link \d+/, `Link ${at + 1}`) : line);
}

describe('config/show', () => {
  it('has nothing of a switch whose settings are those that it began with', () => {
    const { stage, console } = newStage({});
    stage.plug(3);
    expect(console.ask('config/show')).toEqual([]);
    for (const line of ['port/create 5', 'port/setnumports 7', 'hash/setexpire 7', 'vlan/create 3']) console.say(line);
    for (const line of ['port/remove 5', 'port/setnumports 32', 'hash/setexpire 100', 'vlan/remove 3']) console.say(line);
    expect(console.ask('config/show')).toEqual([]);
  });

  it('has what an operator set, in an order in which it can be read', () => {
    const { stage, console } = newStage({});
    stage.plug(2);
    for (const line of [
      'vlan/create 10',
      'port/create 1',
      'port/setvlan 1 10',
      'vlan/trunk 1 1',
      'port/setuser 1 alice',
      'port/impair 2 loss 5',
      'mirror/add 1 2 quiet',
      'port/down 1',
      'fstp/setfstp 1',
      'fstp/maxage 0',
      'link/add tcp://127.0.0.1:7000 plain',
      'plugin/add iplog',
      'iplog/ipadd 10.0.0.0/8',
      'port/setnumports 64',
      'hash/setsize 200',
    ])
      expect(console.say(line).at(-1), line).toBe('1000 Success');
    expect(console.ask('config/show')).toEqual([
      'port/setnumports 64',
      'hash/setsize 256',
      'vlan/create 10',
      'port/create 1',
      'port/setuser 1 1000',
      'port/setvlan 1 10',
      'vlan/trunk 1 1',
      'port/down 1',
      'port/create 2',
      'port/impair 2 loss 5',
      'port/allocatable 2 1',
      'fstp/maxage 0',
      'fstp/setfstp 1',
      'mirror/add 1 2 quiet',
      'plugin/add iplog',
      'iplog/ipadd 10.0.0.0/8',
      'link/add tcp://127.0.0.1:7000 plain',
    ]);
  });

  it('has comments for port 0, which no command creates', () => {
    const { stage, console } = newStage({});
    stage.plug(0);
    console.say('port/sticky 0 1');
    expect(console.ask('config/show')).toEqual(['# port/create 0', '# port/sticky 0 1', '# port/allocatable 0 1']);
  });
});

describe('config/save', () => {
  it('says why it cannot write the file', () => {
    const { stage, console } = newStage({});
    stage.files.refusals.set('/secret', 'EACCES');
    stage.files.full.add('/full');
    expect(console.say('config/save')).toEqual(['1022 Invalid argument']);
    expect(console.say('config/save /secret')).toEqual(['1013 Permission denied']);
    console.say('port/create 1');
    expect(console.say('config/save /full')).toEqual(['1028 No space left on device']);
    expect(stage.files.opened).toBe(0);
  });

  it('replies when the file is written, and then knows whether it is', async () => {
    let resolve = (): void => undefined;
    const promise = new Promise<void>((written) => (resolve = written));
    const file: { failure: Status | undefined } & OpenFile = {
      failed: false,
      failure: undefined,
      write: () => true,
      [Symbol.dispose]: () => undefined,
    };
    const { stage } = newStage({});
    const console = stage.session({ files: { whose: 'somebody', read: () => 'ENOENT', open: () => file, closing: () => promise } });
    expect(console.type('config/save /rc\n')).toBe('');
    file.failure = 'ENOSPC';
    resolve();
    await eventually(() => expect(console.shown).toBe('1028 No space left on device\n'));
  });

  it('refuses what load would not read', () => {
    const { stage, console } = newStage({});
    const tagged = Array.from({ length: 4093 }, (_, i) => vid(i + 1));
    for (let number = 1; number <= 16; number++) {
      console.say(`port/create ${number}`);
      stage.switch.setVlans(number, { tagged });
    }
    expect(console.say('config/save /rc')).toEqual(['1027 File too large']);
  });
});
