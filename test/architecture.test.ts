import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { circles } from './house/circles.ts';
import { importedFile, importsOf, pureRooms, roomOf, root, source, sourceFiles } from './house/house.ts';

interface Rule {
  /** Rooms and single files of the house that may be imported. */
  readonly house: readonly string[];
  /** Packages, `node:*` for all of Node. */
  readonly packages: readonly string[];
}

/** The allowed imports of each room. Imports within a room are always allowed. The reasons are in docs/architecture.md. */
const rules: Readonly<Record<string, Rule>> = {
  'clock.ts': { house: [], packages: [] },
  'random.ts': { house: [], packages: [] },
  'clean-text.ts': { house: [], packages: [] },
  'errors.ts': { house: [], packages: [] },
  'feed.ts': { house: [], packages: [] },
  'recent-map.ts': { house: [], packages: [] },
  'log.ts': { house: [], packages: [] },
  wire: { house: [], packages: [] },
  stations: { house: ['wire', 'clock.ts', 'errors.ts'], packages: [] },
  switch: { house: ['stations', 'wire', 'clock.ts', 'errors.ts', 'feed.ts', 'recent-map.ts'], packages: [] },
  system: { house: ['clock.ts', 'errors.ts'], packages: ['koffi', 'node:*'] },
  'ports/pure': { house: ['stations', 'wire', 'clock.ts', 'clean-text.ts', 'errors.ts'], packages: [] },
  ports: {
    house: ['ports/pure', 'wire', 'clock.ts', 'log.ts', 'errors.ts', 'system'],
    packages: ['node:*', 'binary-parser/dist/binary_parser.js', 'ws'],
  },
  impairment: { house: ['clock.ts', 'random.ts', 'errors.ts', 'ports/pure'], packages: [] },
  plane: { house: ['switch', 'wire', 'ports/pure'], packages: [] },
  dhcp: { house: ['wire', 'clock.ts', 'random.ts', 'errors.ts', 'ports/pure'], packages: [] },
  disk: { house: ['errors.ts'], packages: ['node:fs', 'node:fs/promises', 'node:path'] },
  'dhcp/disk': { house: ['dhcp', 'disk', 'wire', 'errors.ts'], packages: [] },
  host: { house: ['wire', 'dhcp', 'clock.ts', 'random.ts', 'errors.ts'], packages: [] },
  page: { house: [], packages: [] },
  'page/browser': { house: ['page'], packages: [] },
  lab: {
    house: ['impairment', 'wire', 'switch', 'plane', 'host', 'dhcp', 'page', 'clock.ts', 'random.ts', 'errors.ts', 'ports/pure'],
    packages: [],
  },
  'lab/node': {
    house: ['lab', 'page', 'ports', 'ports/pure', 'system', 'wire', 'clock.ts', 'log.ts', 'errors.ts'],
    packages: ['node:*'],
  },
  management: {
    house: ['wire', 'switch', 'plane', 'clock.ts', 'errors.ts', 'feed.ts', 'recent-map.ts', 'ports/pure', 'impairment'],
    packages: [],
  },
  'management/schemas': { house: ['management', 'wire'], packages: ['zod'] },
  'vde-console': {
    house: ['management', 'wire', 'switch', 'plane', 'clock.ts', 'errors.ts', 'feed.ts', 'ports/pure', 'impairment'],
    packages: [],
  },
  'console-server': {
    house: ['management', 'vde-console', 'ports', 'ports/pure', 'system', 'clock.ts', 'log.ts', 'errors.ts'],
    packages: ['node:*'],
  },
  'console-client': { house: ['ports', 'ports/pure', 'system', 'clock.ts', 'errors.ts'], packages: ['node:*'] },
  http: {
    house: [
      'management',
      'management/schemas',
      'console-server',
      'ports',
      'ports/pure',
      'system',
      'clock.ts',
      'log.ts',
      'random.ts',
      'errors.ts',
    ],
    packages: ['node:*', 'zod'],
  },
  daemon: {
    house: [
      'impairment',
      'wire',
      'switch',
      'plane',
      'management',
      'vde-console',
      'console-server',
      'system',
      'ports',
      'ports/pure',
      'dhcp',
      'dhcp/disk',
      'disk',
      'clock.ts',
      'clean-text.ts',
      'feed.ts',
      'log.ts',
      'random.ts',
      'errors.ts',
    ],
    packages: ['node:*', 'pino', 'pino-pretty'],
  },
  star: {
    house: ['dhcp', 'switch/sender-policy.ts', 'switch/talk.ts', 'wire', 'clock.ts', 'clean-text.ts', 'feed.ts', 'random.ts', 'errors.ts'],
    packages: [],
  },
  'star/node': {
    house: [
      'star',
      'disk',
      'ports',
      'ports/pure',
      'system',
      'wire',
      'clock.ts',
      'clean-text.ts',
      'feed.ts',
      'log.ts',
      'random.ts',
      'errors.ts',
    ],
    packages: ['node:*'],
  },
  launcher: {
    house: [
      'impairment',
      'management/parts/group.ts',
      'management/parts/star.ts',
      'star',
      'star/node',
      'switch/sender-policy.ts',
      'daemon',
      'dhcp',
      'ports',
      'ports/pure',
      'system',
      'wire',
      'clock.ts',
      'feed.ts',
      'log.ts',
      'random.ts',
      'errors.ts',
    ],
    packages: ['node:*'],
  },
  companions: {
    house: [
      'impairment',
      'plane',
      'host',
      'dhcp',
      'ports',
      'ports/pure',
      'system',
      'management',
      'vde-console',
      'console-server',
      'console-client',
      'wire',
      'clock.ts',
      'log.ts',
      'random.ts',
      'errors.ts',
    ],
    packages: ['node:*'],
  },
  embed: {
    house: [
      'daemon',
      'dhcp',
      'star',
      'launcher',
      'companions',
      'switch',
      'ports',
      'ports/pure',
      'wire',
      'system/linux.ts',
      'clock.ts',
      'log.ts',
      'random.ts',
      'errors.ts',
    ],
    packages: [],
  },
  cli: {
    house: [
      'http',
      'daemon',
      'dhcp',
      'star',
      'launcher',
      'companions',
      'console-client',
      'vde-console',
      'management',
      'wire',
      'system/daemon.ts',
      'system/user-directories.ts',
      'system/accounts.ts',
      'system/caller.ts',
      'system/claim.ts',
      'system/pid-file.ts',
      'system/outlet.ts',
      'system/standard-streams.ts',
      'system/own-package.ts',
      'ports/open.ts',
      'ports/tcp-address.ts',
      'ports/exposure.ts',
      'impairment',
      'clean-text.ts',
      'clock.ts',
      'log.ts',
      'random.ts',
      'errors.ts',
    ],
    packages: ['node:*', 'commander'],
  },
};

const files = sourceFiles();

describe.each(files)('src/%s', (file) => {
  const text = readFileSync(join(source, file), 'utf8');
  const room = roomOf(file);

  it('imports only what its room may', () => {
    const rule = rules[room];
    expect(rule, `${room} is a room of the house`).toBeDefined();
    for (const specifier of importsOf(text)) {
      if (!specifier.startsWith('.')) {
        expect(
          rule?.packages.some((name) => matches(name, specifier)),
          `${file} imports ${specifier}`,
        ).toBe(true);
        continue;
      }
      const target = importedFile(file, specifier);
      const allowed = [...(rule?.house ?? []), room];
      // A room within a room is one of its own.
      expect(
        allowed.some((name) => target === name || roomOf(target) === name),
        `${file} imports ${target}`,
      ).toBe(true);
    }
  });

  it('says of each export what it is', () => {
    const lines = text.split('\n');
    lines.forEach((line, i) => {
      if (!/^export (?!\{|type \{|\*)/.test(line)) return;
      expect((lines[i - 1] ?? '').trim().endsWith('*/'), `src/${file}:${i + 1} has no doc comment: ${line}`).toBe(true);
    });
  });

  it('is short enough to be read at once', () => {
    expect(text.split('\n').length).toBeLessThanOrEqual(301);
  });

  it('knows nothing of Node where it must run in a browser, too', () => {
    if (!isPure(file)) return;
    expect(withoutExamples(text)).not.toMatch(
      /\b(?:(?:Buffer|process)\.\w|console\.(?:log|info|warn|error|debug)\b|setImmediate\(|__dirname)|from 'node:/,
    );
  });

  it('has one time and one chance', () => {
    if (['clock.ts', 'random.ts'].includes(file) || ['daemon', 'launcher', 'cli'].includes(room)) return;
    expect(withoutExamples(text)).not.toMatch(
      /\b(Date\.now|new Date|performance\.now|setTimeout|setInterval|Math\.random|getRandomValues|randomBytes)\b/,
    );
  });
});

/** Returns whether a file must run in a browser, too. */
function isPure(file: string): boolean {
  return pureRooms.includes(roomOf(file));
}

/** Returns a file without the examples of its doc comments, which are programs of others. */
function withoutExamples(text: string): string {
  return text.replace(/^ *\* ```ts\n[^]*?^ *\* ```$/gm, '');
}

/** A host's program gets the host, which has sockets, which have their host: one thing in four files. */
const lawfulCircle = ['lab/host-program.ts', 'lab/lab-host-options.ts', 'lab/lab-host.ts', 'lab/lab-udp-socket.ts'];

describe('the house', () => {
  it('has no circle of imports but one', () => {
    expect(circles()).toEqual([lawfulCircle]);
  });

  it('has no room for odds and ends', () => {
    for (const file of files) expect(file).not.toMatch(/(^|\/)(utils?|helpers?|common|misc|lib|index)(\.ts|\/)/);
  });

  it('is entered only by its doors', () => {
    const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: Record<string, unknown> };
    const libraries = ['./lab', './lab/node', './switch', './wire', './wire/*', './dhcp', './clock', './errors', './ports', './daemon'];
    const doors = [...libraries, './package.json'];
    expect(Object.keys(exports).filter((door) => !doors.includes(door))).toEqual([]);
  });

  it('is installed from whatever registry the user has', () => {
    expect(readFileSync(join(root, 'package-lock.json'), 'utf8')).not.toMatch(/"resolved": "http/);
  });
});

function matches(pattern: string, specifier: string): boolean {
  return pattern.endsWith('*') ? specifier.startsWith(pattern.slice(0, -1)) : pattern === specifier;
}
