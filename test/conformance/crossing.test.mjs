/**
 * Black-box tests of switches that meet: trees that form, block and heal, among switches of one kind and with one of the other kind among
 * them. They wait for the clocks of switches, so they run side by side.
 */
import { join } from 'node:path';
import t from 'tap';
import { rcFile } from './bench.mjs';
import { FakeBridge, bridgeId } from './bpdu.mjs';
import { Cable } from './cable.mjs';
import { Client, everybody, executable, frame, otherExecutable, pause, portWord, scratch, startSwitch, tagged } from './peer.mjs';

t.jobs = 4;

/** The roles of the switches; the first one is the root. */
const casts = [
  ['alike', 'all alike', [executable, executable, executable], false],
  [
    'root',
    'the other implementation at the root',
    [otherExecutable, executable, executable],
    otherExecutable === undefined && 'there is no other kind',
  ],
  [
    'among',
    'the other implementation among them',
    [executable, otherExecutable, executable],
    otherExecutable === undefined && 'there is no other kind',
  ],
];

const hostPort = 20;
let serial = 0;

/** Switches with -F, the first of which is the best root, and a host on each. */
class Stage {
  static async open(t, programs, count, { lines, vid, args = ['-F'] } = {}) {
    const stage = new Stage();
    Object.assign(stage, { t, vid, directories: [], switches: [], hosts: [] });
    for (let i = 0; i < count; i++) {
      const directory = join(scratch(t), 'sw');
      const identity = ['--macaddr', `00:ff:00:00:00:0${i + 1}`, '--priority', String(0x1000 * (i + 1))];
      const rc = lines ? ['-f', rcFile(t, lines)] : [];
      stage.switches.push(await startSwitch(t, directory, ...args, ...identity, ...rc, { program: programs[i] }));
      stage.directories.push(directory);
      stage.hosts.push(await Client.joined(t, directory, portWord(hostPort)));
    }
    return stage;
  }

  cable(from, fromPort, to, toPort) {
    return Cable.plug(this.t, [this.directories[from], fromPort], [this.directories[to], toPort]);
  }

  /** Returns how often each host heard a broadcast of each, but its own. */
  async copies() {
    const number = ++serial;
    const hosts = this.hosts.map((host, index) => ({ host, index })).filter(({ index }) => !this.switches[index].over);
    const heard = hosts.map(() => hosts.map(() => 0));
    for (const { host, index } of hosts) {
      const octets = frame(everybody, `02:00:00:00:00:0${index + 1}`, 64);
      octets.writeUInt32BE(number, 14);
      host.send(this.vid === undefined ? octets : tagged(octets, this.vid));
    }
    const at = this.vid === undefined ? 0 : 4;
    const listen = () => {
      for (const [to, { host }] of hosts.entries())
        for (let octets = host.poll(), i = 0; octets !== undefined && i < 1000; octets = host.poll(), i++)
          if (octets[0] === 0xff && octets.length === 64 + at && octets.readUInt32BE(14 + at) === number)
            heard[to][hosts.findIndex(({ index }) => index + 1 === octets[11])] += 1;
    };
    const isComplete = () => heard.every((counts, to) => counts.every((count, from) => from === to || count > 0));
    // A second copy comes soon after the first one.
    for (let quiet = 0, start = Date.now(); Date.now() - start < 2_000 && quiet < 20; quiet += isComplete() ? 1 : 0) {
      await pause(10);
      listen();
    }
    return heard.map((counts) => counts.join(' ')).join(' | ');
  }

  /** Waits until each host hears each broadcast exactly once, three times in a row. */
  async becomesTree(limit = 70_000) {
    const count = this.switches.filter((one) => !one.over).length;
    const once = Array.from({ length: count }, (_, to) => Array.from({ length: count }, (_, from) => Number(to !== from)).join(' ')).join(
      ' | ',
    );
    const deadline = Date.now() + limit;
    for (let times = 0, last = ''; times < 3; times = last === once ? times + 1 : 0) {
      if (Date.now() > deadline) throw new Error(`no tree, the last broadcasts were heard ${last}`);
      last = await this.copies();
    }
  }
}

for (const [key, cast, programs, skip] of casts) {
  const options = () => ({ buffered: true, skip });

  t.test(`trees-two[${key}]: two switches and a cable, ${cast}`, options(), async (t) => {
    const stage = await Stage.open(t, programs, 2);
    await stage.cable(0, 1, 1, 1);
    await stage.becomesTree();
    const spy = await FakeBridge.open(t, stage.directories[1], 9, bridgeId(0xf000, '00:ff:00:00:00:0f'));
    const heard = await spy.hears(({ root }) => root.startsWith('1000'));
    t.equal(heard?.root, '1000' + '00ff00000001', 'the second one knows the root');
    t.equal(heard?.cost, 20_000_000, 'and how far it is');
  });

  t.test(`trees-two-cables[${key}]: two cables between two switches, either of which may be cut, ${cast}`, options(), async (t) => {
    const stage = await Stage.open(t, programs, 2);
    const first = await stage.cable(0, 1, 1, 1);
    await stage.becomesTree();
    const second = await stage.cable(0, 2, 1, 2);
    await stage.becomesTree();
    await first.cut();
    await stage.becomesTree();
    await stage.cable(0, 1, 1, 1);
    await stage.becomesTree();
    await second.cut();
    await stage.becomesTree();
    t.pass('it was a tree each time');
  });

  t.test(`trees-ring[${key}]: a ring of three that heals, ${cast}`, options(), async (t) => {
    const stage = await Stage.open(t, programs, 3);
    const cables = [await stage.cable(0, 1, 1, 2), await stage.cable(1, 1, 2, 2)];
    await stage.becomesTree();
    cables.push(await stage.cable(2, 1, 0, 2));
    await stage.becomesTree();
    await cables[0].cut();
    await stage.becomesTree();
    t.pass('it was a tree each time');
  });

  t.test(`trees-chain[${key}]: a chain of three, grown from its end, ${cast}`, options(), async (t) => {
    const stage = await Stage.open(t, programs, 3);
    await stage.cable(1, 1, 2, 2);
    await stage.cable(0, 1, 1, 2);
    await stage.becomesTree();
    const spy = await FakeBridge.open(t, stage.directories[2], 9, bridgeId(0xf000, '00:ff:00:00:00:0f'));
    t.equal((await spy.hears(({ root }) => root.startsWith('1000')))?.cost, 40_000_000, 'the last one is two cables from the root');
  });

  t.test(`trees-tagged[${key}]: two cables in a tagged VLAN, ${cast}`, options(), async (t) => {
    const lines = ['vlan/create 10', ...[1, 2, hostPort].flatMap((port) => [`port/create ${port}`, `vlan/addport 10 ${port}`])];
    const stage = await Stage.open(t, programs, 2, { lines, vid: 10 });
    await stage.cable(0, 1, 1, 1);
    await stage.becomesTree();
    await stage.cable(0, 2, 1, 2);
    await stage.becomesTree();
    t.pass('it was a tree each time');
  });

  t.test(`trees-none[${key}]: switches without a tree carry frames over a cable unchanged, ${cast}`, options(), async (t) => {
    const lines = ['vlan/create 10', ...[1, hostPort].flatMap((port) => [`port/create ${port}`, `vlan/addport 10 ${port}`])];
    const stage = await Stage.open(t, programs, 2, { lines, args: [] });
    await stage.cable(0, 1, 1, 1);
    const [a, b] = stage.hosts;
    for (const sent of [
      frame(everybody, '02:00:00:00:00:01', 1514),
      tagged(frame(everybody, '02:00:00:00:00:01', 100), 10, 5),
      frame('01:80:c2:00:00:00', '02:00:00:00:00:01', 60),
      frame('02:00:00:00:00:99', '02:00:00:00:00:01', 60),
    ]) {
      a.send(sent);
      t.same(await b.receive(), sent);
    }
    b.send(frame('02:00:00:00:00:01', '02:00:00:00:00:02', 77));
    t.equal((await a.receive())?.length, 77);
  });
}
