/**
 * Our switch with one fault each: in `file` of the build, `find` is replaced. `tests` are the beginnings of the names of the files that
 * should catch it. The coarse ones are tried on all checks there, since each check must catch something; of the others the first catch
 * is enough.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const everywhere = [''];

/** name, file, find, replace, what it breaks, who should catch it. */
const coarse = [
  [
    'never-starts',
    'cli/vde-switch.js',
    'const parsed = getopt(argv, vdeSwitchOptions);',
    'if (argv.length >= 0) return 3;\n    const parsed = getopt(argv, vdeSwitchOptions);',
    'it ends at once',
    everywhere,
  ],
  [
    'last-octet-flipped',
    'ports/datagram-port.js',
    'const sent = this.#backlog.count > 0 ? 0 : this.#send(frames);',
    'for (let i = 0; i < frames.length; i++) { frames[i] = Buffer.from(frames[i]); frames[i][frames[i].length - 1] ^= 1; }\n        const sent = this.#backlog.count > 0 ? 0 : this.#send(frames);',
    'the last octet of each frame is another one',
    ['frames', 'vlan', 'hub', 'fstp', 'crossing', 'fdb', 'ports', 'lifecycle', 'requests'],
  ],
  [
    'reply-too-short',
    'ports/vde-control.js',
    'octets.write(path, 2, pathSize - 1);\n    return octets;\n}\nfunction request(',
    'octets.write(path, 2, pathSize - 1);\n    return octets.subarray(1);\n}\nfunction request(',
    'the reply has 109 octets',
    ['requests', 'ports', 'lifecycle', 'signals', 'daemon', 'options', 'layout'],
  ],
  ['wrong-banner', 'management/menus/general.js', 'VDE switch V.', 'VDE switch v.', 'the banner is of another version', ['console']],
  ['wrong-prompt', 'management/console-session.js', "'\\nvde$ '", "'vde$ '", 'the prompt has no line before it', ['console']],
  ['wrong-status', 'management/status.js', 'return `1${', 'return `2${', 'replies end with another digit', ['console']],
];

const fine = [
  // The handshake.
  [
    'version-2-taken',
    'ports/vde-control.js',
    'if (version > 1 ||',
    'if (version > 2 ||',
    'requests of version 2 are granted',
    ['requests'],
  ],
  ['type-2-taken', 'ports/vde-control.js', 'if (kind !== 0)\n        return undefined;', '', 'any type is taken for 0', ['requests']],
  ['magic-not-looked-at', 'ports/vde-control.js', 'if (found !== magic)', 'if (found === 0)', 'requests need no magic', ['requests']],
  ['no-version-1', 'ports/vde-control.js', 'if (version > 1 ||', 'if (version >= 0 ||', 'old clients are refused', ['requests']],
  [
    'negative-port-refused',
    'ports/vde-control.js',
    "if (port < 0)\n        return 'management';",
    'if (port < 0)\n        return undefined;',
    'negative numbers are refused',
    ['ports'],
  ],
  [
    'description-ends-request',
    'ports/vde-control.js',
    'if (octets.length < minVdeRequest)\n        return undefined;\n    const { magic',
    'if (octets.length < minVdeRequest || octets.length > 249)\n        return undefined;\n    const { magic',
    'long descriptions are refused',
    ['requests'],
  ],
  [
    'reply-not-zeroed',
    'ports/vde-control.js',
    'const octets = Buffer.alloc(vdeReplySize);',
    'const octets = Buffer.alloc(vdeReplySize, 1);',
    'the reply is filled with ones',
    ['requests'],
  ],
  [
    'talks-after-reply',
    'ports/vde-listener.js',
    'client.timeout[Symbol.dispose]();\n        this.#handshakes.delete(client);\n        client.port',
    "client.timeout[Symbol.dispose]();\n        writeSync(client.fd, 'hello');\n        this.#handshakes.delete(client);\n        client.port",
    'it speaks after the reply',
    ['requests'],
  ],
  [
    'hears-after-request',
    'ports/vde-listener.js',
    "this.#end(client, 'the client broke the protocol: it spoke after it had its port');",
    'return;',
    'what comes after the request is let be',
    ['requests'],
  ],
  [
    'refusal-is-silent',
    'ports/vde-listener.js',
    'this.#environment.log(`refused the client',
    'if (/not to be had/.test(why))\n            return;\n        this.#environment.log(`refused the client',
    'who gets no port waits for ever',
    ['ports'],
  ],
  [
    'descriptor-lost',
    'ports/vde-listener.js',
    'catch (error) {\n            closeSync(fd);',
    'catch (error) {',
    'a refusal costs a descriptor',
    ['requests'],
  ],
  [
    'replies-before-connected',
    'ports/vde-listener.js',
    'connectOwned(fd, request.path, client.peer.uid);\n',
    'setImmediate(() => { try { connectOwned(fd, request.path, client.peer.uid); } catch {} });\n',
    'the reply comes before the connection',
    ['requests'],
  ],
  [
    'abstract-taken',
    'ports/vde-listener.js',
    "if (request.path === '')",
    "if (request.path === '-')",
    'a socket without a name is tried',
    ['requests'],
  ],

  // Ports.
  [
    'any-port-is-next',
    'management/port-table.js',
    'for (let number = managementPort + 1; number < this.#numports; number++)',
    'for (let number = managementPort + 2; number < this.#numports; number++)',
    'port 1 is never any',
    ['ports'],
  ],
  [
    'one-port-more',
    'management/port-table.js',
    'number >= this.#numports',
    'number > this.#numports',
    'there is one port more than was said',
    ['ports', 'options'],
  ],

  // The directory.
  ['mode-without-x', 'ports/vde-directory.js', '(mode | 0o111) & who', 'mode & who', 'the directory lacks x', ['layout']],
  [
    'ctl-by-umask',
    'ports/vde-directory.js',
    'const file = { path: this.#controlPath, mode: this.mode,',
    'const file = { path: this.#controlPath, mode: this.mode & ~0o022,',
    'ctl is subject to a mask',
    ['layout'],
  ],
  [
    'port-keeps-group-bits',
    'ports/vde-directory.js',
    'const mode = root ? this.mode & 0o700 : this.mode;',
    'const mode = this.mode;',
    "the mode of root's ports is that of ctl",
    ['layout'],
  ],
  [
    'port-owner-root',
    'ports/vde-directory.js',
    'uid: root && uid !== 0 ? uid : undefined,',
    'uid: undefined,',
    "a user's port is not the user's",
    ['layout'],
  ],
  [
    'no-management-mode',
    'ports/vde-directory.js',
    'mode: management ? (managementMode ?? mode) : mode,',
    'mode,',
    '--mgmtmode does nothing',
    ['layout'],
  ],
  [
    'no-management-group',
    'ports/vde-directory.js',
    'gid: management ? (managementGid ?? gid) : gid,',
    'gid,',
    '--mgmtgroup does nothing',
    ['layout'],
  ],
  ['port-not-padded', 'ports/vde-directory.js', "padStart(3, '0')", "padStart(2, '0')", 'names of ports are short', ['requests']],
  ['dead-stay', 'ports/vde-directory.js', 'if (isDead(path))', 'if (false)', 'sockets of the dead stay', ['lifecycle']],
  ['living-removed', 'ports/vde-directory.js', 'if (isDead(path))', "if (name.startsWith('.'))", 'sockets of the living go', ['lifecycle']],
  [
    'ctl-stays',
    'ports/vde-directory.js',
    'if (statusOf(this.#controlPath)?.ino === this.#controlInode)',
    'if (false)',
    'ctl stays at the end',
    ['lifecycle'],
  ],
  [
    'sticky-taken',
    'ports/vde-directory.js',
    'if (status.mode & 0o1000)',
    'if (status.mode & 0o10000)',
    'a sticky directory is taken',
    ['layout'],
  ],
  [
    'port-socket-stays',
    'ports/vde-directory.js',
    'removePort(path) {',
    'removePort(path) {\n        if (path.length > 0)\n            return;',
    "a port's socket stays when its client goes",
    ['lifecycle'],
  ],

  // Frames and stations.
  ['cut-at-1518', 'ports/port.js', 'export const maxFrame = 9234', 'export const maxFrame = 1518', 'long frames do not pass', ['frames']],
  [
    'runts-pass',
    'ports/datagram-port.js',
    'else if (frame.length < minFrame)\n                this.counters.drops.runt++;\n            else {',
    'else {',
    'frames without a header are taken in',
    ['frames'],
  ],
  [
    'padded-to-60',
    'ports/datagram-port.js',
    'this.#receiver?.receive(frame);',
    'this.#receiver?.receive(frame.length < 60 ? Buffer.concat([frame, Buffer.alloc(60 - frame.length)]) : frame);',
    'short frames are made longer',
    ['frames'],
  ],
  [
    'floods-back',
    'switch/vlan.js',
    '(port) => port !== ingress && port.up',
    '(port) => port.up',
    'a flood comes back to its sender',
    ['frames'],
  ],
  ['group-source-learned', 'switch/learning.js', "hasGroupSource(frame) ? 'known' :", '', 'groups are stations', ['frames']],
  [
    'never-learns',
    'switch/fdb.js',
    'if (slot === nowhere) {\n            this.#add(high, low, port);',
    'if (slot === nowhere) {',
    'everything is flooded',
    ['frames'],
  ],
  [
    'same-port-reflected',
    'switch/switch.js',
    "if (destination === ingress)\n            return 'same-port';",
    '',
    'a frame goes back to the port of its station',
    ['frames'],
  ],
  ['stolen-at-once', 'switch/fdb.js', 'if (fresh && silence < this.minPersistence)', 'if (false)', 'a station moves at once', ['fdb']],
  ['never-moves', 'switch/fdb.js', 'if (fresh && silence < this.minPersistence)', 'if (fresh)', 'a station never moves', ['fdb']],
  [
    'never-ages',
    'switch/fdb.js',
    'return slot !== nowhere && this.#silence(slot) < this.ageingTime ?',
    'return slot !== nowhere ?',
    'stations are known for ever, as far as they are asked for',
    ['fdb'],
  ],
  [
    'flush-forgotten',
    'switch/switch.js',
    'if (!up)\n            this.#fdb.flush(changed);',
    '',
    'stations of a port that is gone are known',
    ['fdb'],
  ],

  // VLANs and the hub.
  [
    'tag-of-other-vlan-in',
    'switch/ingress.js',
    "return ingress.vlans.has(vid) ? vid : 'not-a-member';",
    'return vid;',
    'any tag is let in',
    ['vlan'],
  ],
  [
    'vid-4095-in',
    'switch/ingress.js',
    "if (vid === reservedVid)\n        return 'reserved-vid';",
    "if (vid === reservedVid)\n        return ingress.vlans.untagged === 'none' ? 10 : ingress.vlans.untagged;",
    'VLAN 4095 is the untagged one',
    ['vlan'],
  ],
  [
    'priority-tag-untagged',
    'switch/ingress.js',
    'const vid = vidOf(frame);',
    'const vid = vidOf(frame) || ingress.vlans.untagged;',
    'VLAN 0 is the untagged one',
    ['vlan'],
  ],
  [
    'never-untags',
    'switch/switch.js',
    '(untagged ??= removeTag(frame));\n            way',
    '(untagged ??= frame);\n            way',
    'tags stay where there should be none',
    ['vlan'],
  ],
  [
    'priority-lost',
    'switch/switch.js',
    '(tagged ??= addTag(frame, vid))',
    '(addTag(isTagged(frame) ? removeTag(frame) : frame, vid))',
    'priorities are lost from tag to tag',
    ['vlan'],
  ],
  [
    'shared-learning',
    'switch/station-table.js',
    'return (vid << 16) | readUint16(octets, at);',
    'return readUint16(octets, at);',
    'stations are known in all VLANs',
    ['vlan'],
  ],
  [
    'double-tag-hops',
    'switch/switch.js',
    "if (typeof ways === 'string' || !isDoubleTagged(frame))",
    'if (true)',
    'a frame with two tags changes its VLAN',
    ['vlan'],
  ],
  ['hub-tells-port-0', 'switch/hub.js', ' && port.number !== managementPort', '', 'port 0 hears a hub', ['hub']],
  ['hub-echoes', 'switch/hub.js', 'port !== ingress && ', '', 'a hub sends back', ['hub']],
  [
    'hub-keeps-tree',
    'switch/switch.js',
    'if (hub)\n            this.fstp.enabled = false;',
    '',
    'a hub stays in the tree',
    ['hub', 'fstp'],
  ],

  // The spanning tree.
  ['hello-of-5-s', 'switch/fstp.js', 'const secondsBetweenHellos = 4;', 'const secondsBetweenHellos = 8;', 'hellos are late', ['fstp']],
  [
    'bpdu-type',
    'wire/bpdu.js',
    'const prefix = Uint8Array.of(0x42, 0x42, 0x03, 0, 0, 2, 2);',
    'const prefix = Uint8Array.of(0x42, 0x42, 0x03, 0, 0, 2, 0);',
    'BPDUs are of another type',
    ['fstp'],
  ],
  [
    'bpdu-cost-of-port',
    'switch/fstp-root.js',
    'export const portCost = 20_000_000;',
    'export const portCost = 200_000;',
    'ports cost less',
    ['fstp'],
  ],
  [
    'bpdu-port-id',
    'switch/fstp-vector.js',
    'return ((0x80 | ((port >>> 4) & 0xff)) << 8) | (port & 0xff);',
    'return 0x8000 | port;',
    'ports have other ids',
    ['fstp'],
  ],
  [
    'hello-without-agreement',
    'switch/fstp-tree.js',
    'this.#say(member, { agreement: true });',
    'this.#say(member);',
    'hellos do not agree',
    ['fstp'],
  ],
  [
    'bpdu-without-tag',
    'switch/fstp.js',
    'vid === port.vlans.untagged ? frame : addTag(frame, vid)',
    'frame',
    'BPDUs have no tag',
    ['fstp'],
  ],
  [
    'bpdu-forwarded',
    'switch/switch.js',
    'if (isForBridges(frame) && this.fstp.enabled) {',
    'if (isForBridges(frame) && this.fstp.enabled && frame.length > 60) {',
    'BPDUs are passed on',
    ['fstp'],
  ],
  ['root-kept-for-ever', 'switch/fstp-tree.js', 'const patience = 12_000;', 'const patience = 120_000;', 'a silent root is kept', ['fstp']],
  [
    'root-given-up-early',
    'switch/fstp-tree.js',
    'const patience = 12_000;',
    'const patience = 3_000;',
    'a root is given up between two hellos',
    ['fstp'],
  ],
  [
    'lower-is-worse',
    'wire/bpdu.js',
    'return a.priority - b.priority || a.mac - b.mac;',
    'return b.priority - a.priority || b.mac - a.mac;',
    'the higher bridge is the root',
    ['fstp'],
  ],
  ['never-blocks', 'switch/fstp.js', 'port.setBlocked(vid, blocked);', '', 'no port is ever closed', ['fstp']],
  [
    'change-not-heeded',
    'switch/fstp-tree.js',
    'if (bpdu.topologyChange && member.forwarding)',
    'if (false)',
    'stations are kept when the tree changes',
    ['fstp'],
  ],
  [
    'one-tree-for-all',
    'switch/fstp.js',
    'this.#trees.get(read.vid)?.receive(',
    'this.#trees.get(0)?.receive(',
    'VLANs share a tree',
    ['fstp'],
  ],
  ['edge-heeds', 'switch/fstp-tree.js', 'if (!member || member.edge)', 'if (!member)', 'an edge heeds BPDUs', ['fstp']],
  [
    'bonus-ignored',
    'switch/fstp-root.js',
    'return port.number === bonus?.port ? Math.max(1, portCost - bonus.cost) : portCost;',
    'return portCost;',
    'a bonus does nothing',
    ['fstp'],
  ],
  ['priority-ignored', 'switch/fstp.js', 'priority: options.priority ?? 0x8000', 'priority: 0x8000', '--priority does nothing', ['fstp']],
  [
    'age-ignored',
    'switch/fstp-tree.js',
    'const aged = claim.messageAge >= maxAge;',
    'const aged = false;',
    'what is too old is heeded',
    ['fstp'],
  ],
  [
    'leads-at-once',
    'switch/fstp-tree.js',
    'return member.edge || member.heardAt === undefined || member.agreed;',
    'return true;',
    'ports forward before they agreed',
    ['fstp'],
  ],

  // The command line.
  [
    'unknown-option-ends',
    'cli/getopt.js',
    'this.result.mistakes.push(`unrecognized option',
    'this.result.operands.push(text); this.result.mistakes.push(`unrecognized option',
    'unknown options end it',
    ['options'],
  ],
  [
    'no-abbreviation',
    'cli/getopt.js',
    ': all.filter(({ long }) => long.startsWith(name))',
    ': []',
    'long names need all their letters',
    ['options'],
  ],
  [
    'no-single-dash',
    'cli/getopt.js',
    "this.#long('-', argument.slice(1));",
    'this.#short(argument.slice(1));',
    'long names need two dashes',
    ['options'],
  ],
  [
    'first-wins',
    'cli/vde-switch-options.js',
    'const given = new Map(options.map(',
    'const given = new Map([...options].reverse().map(',
    'the first of two counts',
    ['options'],
  ],
  [
    'help-exits-0',
    'cli/vde-switch.js',
    'process.stdout.write(vdeSwitchUsage);\n        return exitUsage;',
    'process.stdout.write(vdeSwitchUsage);\n        return 0;',
    '--help exits 0',
    ['options'],
  ],
  ['operands-taken', 'cli/vde-switch.js', 'if (first || parsed.operands.length > 0)', 'if (first)', 'operands are taken', ['options']],
  [
    'hash-size-silent',
    'cli/vde-switch.js',
    'if (rounded !== undefined && rounded !== hashSize)',
    'if (false)',
    'rounding is not told',
    ['options'],
  ],
  ['hub-option-ignored', 'cli/vde-switch-options.js', "hub: given.has('hub'),", 'hub: false,', '-x does nothing', ['hub']],
  [
    'socket-errors-exit-1',
    'cli/vde-switch.js',
    'const exitSocket = 255;',
    'const exitSocket = 1;',
    'the exit code of a refused directory',
    ['layout', 'daemon'],
  ],

  // Life and death.
  ['hup-ends', 'cli/vde-switch.js', "const ignored = ['SIGHUP', ", 'const ignored = [', 'SIGHUP ends it', ['signals']],
  ['usr2-ends', 'cli/vde-switch.js', "'SIGUSR2', ", '', 'SIGUSR2 ends it', ['signals']],
  ['int-exits-0', 'cli/vde-switch.js', "if (endedWith === 'SIGINT') {", 'if (false) {', 'SIGINT ends it as SIGTERM does', ['signals']],
  [
    'eof-ignored',
    'cli/vde-switch.js',
    'terminal: !daemon && !nostdin,',
    'terminal: false,',
    'the end of standard input is nothing',
    ['signals', 'options'],
  ],
  ['pidfile-overwritten', 'daemon/pidfile.js', "flag: 'wx'", "flag: 'w'", 'a pid file that is there is overwritten', ['signals', 'daemon']],
  ['pidfile-of-600', 'daemon/pidfile.js', 'mode: 0o644', 'mode: 0o600', 'the mode of the pid file', ['signals']],
  [
    'pidfile-stays',
    'daemon/pidfile.js',
    'return { [Symbol.dispose]: () => rmSync(path, { force: true }) };',
    'return { [Symbol.dispose]: () => undefined };',
    'the pid file stays',
    ['signals', 'daemon'],
  ],
  [
    'pidfile-without-newline',
    'daemon/pidfile.js',
    'writeFileSync(path, `${process.pid}\\n`',
    'writeFileSync(path, `${process.pid}`',
    'the pid file has no line',
    ['signals'],
  ],
  [
    'daemon-returns-early',
    'cli/daemonize.js',
    "const ready = once(pipe, 'data').then(() => 0);",
    'const ready = Promise.resolve(0);',
    '-d returns before it serves',
    ['daemon'],
  ],
  [
    'daemon-stays-where-it-was',
    'cli/daemonize.js',
    "process.chdir('/');",
    '',
    'the directory that a daemon was started in is in use',
    ['daemon'],
  ],
  ['daemon-in-session', 'cli/daemonize.js', 'detached: true,', 'detached: false,', 'a daemon stays in the session', ['daemon']],
  ['nameless', 'cli/vde-switch.js', "nameProcess('vde_switch');", '', 'it is not found under its name', ['daemon']],
  [
    'tap-failure-ends',
    'cli/vde-switch.js',
    'complain(`ERROR OPENING tap interface: ${name}`);',
    'throw error;',
    'a tap that is not to be had ends it',
    ['tap'],
  ],

  // The console, coarsely: its own checks are finer.
  [
    'rc-file-ignored',
    'cli/vde-switch.js',
    'if (named !== undefined)\n        return [named];',
    'if (named !== undefined)\n        return [];',
    '-f does nothing',
    ['vlan', 'console'],
  ],
  [
    'success-is-failure',
    'management/status.js',
    "success: [0, 'Success'],",
    "success: [22, 'Invalid argument'],",
    'what succeeds is told to fail',
    ['console'],
  ],
  ['data-not-ended', 'management/console.js', "...data, '.', ''", "...data, ''", 'data have no end', ['console']],
];

/** All of them. */
export const mutants = [...coarse.map((fault) => mutant(fault, true)), ...fine.map((fault) => mutant(fault, false))];

function mutant([name, file, find, replace, breaks, tests], isCoarse) {
  return { name, file, find, replace, breaks, tests, coarse: isCoarse };
}

/** Puts the fault into a copy of the build. Throws when it is not to be put there exactly once. */
export function applyMutant(build, { name, file, find, replace }) {
  const path = join(build, file);
  const text = readFileSync(path, 'utf8');
  const count = text.split(find).length - 1;
  if (count !== 1) throw new Error(`mutant ${name}: ${count} places in build/${file} are\n${find}`);
  writeFileSync(
    path,
    text.replace(find, () => replace),
  );
}

/** Why mutants do not fit the build any more, one line for each. */
export function misfits(build) {
  return mutants.flatMap(({ name, file, find }) => {
    const count = readFileSync(join(build, file), 'utf8').split(find).length - 1;
    return count === 1 ? [] : [`mutant ${name}: ${count} places in build/${file}, not one`];
  });
}
