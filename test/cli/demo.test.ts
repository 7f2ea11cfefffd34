import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { guestNeeds } from '../e2e/peers.ts';
import type { Running } from '../e2e/running.ts';
import { bin, useStage, type Stage } from '../e2e/stage.ts';

/** Starts the demo, with its temporary files in the stage's directory. */
function demo(stage: Stage, args: readonly string[], { group = false, before = [] as readonly string[] } = {}): Running {
  mkdirSync(stage.path('t'));
  return stage.start([...before, process.execPath, bin('etherloom'), 'demo', ...args], { env: { TMPDIR: stage.path('t') }, group });
}

/** Returns the remains of a demo: temporary files, and processes that name them. */
function leftOvers(stage: Stage): string[] {
  const processes = readdirSync('/proc').filter((pid) => commandOf(pid).includes(stage.path('t')));
  return [...readdirSync(stage.path('t')), ...processes.map(commandOf)];
}

/** Returns the processes of a demo whose command has these words. */
function pidsOf(stage: Stage, words: string): number[] {
  return readdirSync('/proc').flatMap((pid) => {
    const command = commandOf(pid);
    return command.includes(stage.path('t')) && command.includes(words) ? [Number(pid)] : [];
  });
}

/** Returns the first of those processes. Throws if there is none: signals to process 0 go to the tests. */
function pidOf(stage: Stage, words: string): number {
  const [pid] = pidsOf(stage, words);
  if (pid === undefined) throw new Error(`no process of the demo has ${words} in its command`);
  return pid;
}

function commandOf(pid: string): string {
  try {
    return readFileSync(join('/proc', pid, 'cmdline'), 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

describe('the demo with stations', () => {
  const stage = useStage([]);

  it('shows three leases and six pings, ends with status 0, and leaves nothing', async () => {
    const running = demo(stage, ['--stations']);
    expect(await running.exit).toEqual({ status: 0, signal: null });
    const text = running.lines.join('\n');
    for (const address of ['10.77.0.10', '10.77.0.11', '10.77.0.12']) expect(text).toMatch(new RegExp(`leased +${address}`));
    expect(text.match(/guest \d reaches guest \d/g)).toHaveLength(6);
    expect(text).toContain('6 of 6 pairs reach each other');
    expect(text).toMatch(/^master +\d+ +0 +02:65:6c:00:00:00 +10\.77\.0\.10 +leased/m);
    expect(leftOvers(stage)).toEqual([]);
  });

  it.each([
    ['SIGINT', 130, false],
    ['SIGINT', 130, true],
    ['SIGTERM', 143, false],
    ['SIGTERM', 143, true],
    ['SIGHUP', 129, true],
  ] as const)(
    'told by %s to end in the middle, ends with status %i and leaves nothing (the whole group: %s)',
    async (name, status, group) => {
      const running = demo(stage, ['--stations'], group ? { group, before: ['setsid'] } : {});
      await running.line(/joined/);
      expect(await running.end(name)).toEqual({ status, signal: null });
      expect(leftOvers(stage)).toEqual([]);
    },
  );

  it('whose switch is killed ends with status 1, says whose end it was with its last words, and leaves nothing', async () => {
    const running = demo(stage, ['--stations']);
    await running.line(/joined/);
    process.kill(pidOf(stage, ' join '), 'SIGKILL');
    expect(await running.exit).toEqual({ status: 1, signal: null });
    expect(running.lines).toContainEqual(
      expect.stringMatching(/^etherloom: slave process \d ended unexpectedly \(SIGKILL\); read its lines above$/),
    );
    expect(running.lines).toContainEqual(expect.stringMatching(/^ {2}master: slave \d at .* joined as \S+ by token \w+: it is new$/));
    expect(leftOvers(stage)).toEqual([]);
  });

  it('on a terminal stays up until Ctrl-C, then ends with status 0 and leaves nothing', async () => {
    mkdirSync(stage.path('t'));
    const command = `stty cols 100 rows 30; exec ${process.execPath} ${bin('etherloom')} demo --stations`;
    const running = stage.start(['script', '-qfec', command, '/dev/null'], { env: { TMPDIR: stage.path('t'), TERM: 'xterm' } });
    await running.line(/6 of 6 pairs/);
    await running.line(/Ctrl-C ends it/);
    expect(pidsOf(stage, 'station')).toHaveLength(3);
    running.stdin.write('\u0003');
    expect(await running.exit).toEqual({ status: 0, signal: null });
    expect(leftOvers(stage)).toEqual([]);
  });
});

describe('the demo without QEMU', () => {
  const stage = useStage([]);

  it('and without apt says so, has a line to paste, and goes on with stations', async () => {
    mkdirSync(stage.path('t'));
    mkdirSync(stage.path('bin'));
    const env = { TMPDIR: stage.path('t'), PATH: stage.path('bin') };
    const running = stage.start([process.execPath, bin('etherloom'), 'demo'], { env });
    expect(await running.exit).toEqual({ status: 0, signal: null });
    const text = running.lines.join('\n');
    expect(text).toMatch(/QEMU is not installed, and cannot be installed \(.+\)\. Stations are used instead/);
    expect(text).toMatch(/^ {2}sudo apt-get install -y --no-install-recommends qemu-system-/m);
    expect(text).toMatch(/^3 stations \(no QEMU\)$/m);
    expect(leftOvers(stage)).toEqual([]);
  });

  it('installs nothing when that is not wished', async () => {
    mkdirSync(stage.path('t'));
    mkdirSync(stage.path('bin'));
    const env = { TMPDIR: stage.path('t'), PATH: stage.path('bin') };
    const running = stage.start([process.execPath, bin('etherloom'), 'demo', '--no-install'], { env });
    await running.line(/--no-install is given/);
    await running.end();
    expect(leftOvers(stage)).toEqual([]);
  });
});

describe('the demo with guests', { timeout: 150_000 }, () => {
  const stage = useStage(guestNeeds);

  it('shows three leases and six pings, ends with status 0, and leaves nothing', async (context) => {
    const running = demo(stage, ['--no-install']);
    expect(await running.exit).toEqual({ status: 0, signal: null });
    const text = running.lines.join('\n');
    expect(text).toMatch(/^3 guests \(QEMU /m);
    expect(text).toContain('6 of 6 pairs reach each other');
    expect(leftOvers(stage)).toEqual([]);
    await context.annotate(running.lines.find((line) => line.startsWith('last lease')) ?? '');
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('told by %s to end while they boot, leaves nothing', async (name) => {
    const running = demo(stage, ['--no-install'], { group: true, before: ['setsid'] });
    await running.line(/slave \d.* booting/, { timeout: 120_000 });
    expect(pidsOf(stage, 'qemu-system').length).toBeGreaterThan(1);
    await running.end(name);
    expect(leftOvers(stage)).toEqual([]);
  });

  it('of which one dies ends with status 1, shows its last words, and leaves nothing', async () => {
    const running = demo(stage, ['--no-install']);
    await running.line(/slave \d.* booting/, { timeout: 120_000 });
    process.kill(pidOf(stage, 'qemu-system'), 'SIGKILL');
    expect(await running.exit).toEqual({ status: 1, signal: null });
    expect(running.lines).toContainEqual(expect.stringMatching(/^etherloom: no address for the \w+ of: .*\(died\)/));
    expect(running.lines).toContainEqual(expect.stringMatching(/^ {2}.*: guest \d: died: QEMU was ended by SIGKILL$/));
    expect(leftOvers(stage)).toEqual([]);
  });

  it('whose launcher is killed ends with status 1 and leaves no guest of its running', async () => {
    const running = demo(stage, ['--no-install']);
    await running.line(/slave \d.* booting/, { timeout: 120_000 });
    process.kill(pidOf(stage, ' join '), 'SIGKILL');
    expect(await running.exit).toEqual({ status: 1, signal: null });
    expect(leftOvers(stage)).toEqual([]);
  });
});

describe('npm run demo', () => {
  const stage = useStage([]);
  const start = new URL('../../demo/start.mjs', import.meta.url);

  it.each(['12.22.1', '18.20.8', '20.18.9'])('on Node %s says one clear line', async (version) => {
    const script = `Object.defineProperty(process.versions, 'node', { value: '${version}' }); import('${start.href}')`;
    const { status, text } = await stage.run([process.execPath, '-e', script]);
    expect([status, text]).toEqual([1, `The demo needs Node 20.19 or later, and this is Node ${version}: see https://nodejs.org/`]);
  });

  it('begins with a file that an old Node can read: no syntax after ES2018, and no import', () => {
    const text = readFileSync(fileURLToPath(start), 'utf8');
    expect(text).not.toMatch(/^import /m);
    expect(text).not.toMatch(/\?\?|\?\.|^\s*await |node:/m);
  });
});

describe('what the demo and the tests prepare', () => {
  const stage = useStage(['npm']);

  it('is not installed into packages that are linked from another tree: npm would empty that tree', async () => {
    const write = (path: string, text: string): void => {
      mkdirSync(join(stage.path(path), '..'), { recursive: true });
      writeFileSync(stage.path(path), text);
    };
    cpSync(fileURLToPath(new URL('../../demo/prepare.mjs', import.meta.url)), stage.path('tree/demo/prepare.mjs'), { recursive: true });
    write('other/package/index.js', 'precious');
    symlinkSync(stage.path('other'), stage.path('tree/node_modules'));
    write('tree/package.json', '{"name":"tree","version":"1.0.0"}');
    write(
      'tree/package-lock.json',
      '{"name":"tree","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"tree","version":"1.0.0"}}}',
    );
    for (const path of ['src/a', 'tsconfig.json', 'tsconfig.build.json', 'rolldown.config.mjs', 'build/commands/etherloom.cjs'])
      write(`tree/${path}`, '');
    const script = `import(${JSON.stringify(stage.path('tree/demo/prepare.mjs'))}).then(({ prepare }) => prepare())`;
    const { status, text } = await stage.run([process.execPath, '-e', script]);
    expect([status, text]).toEqual([0, '']);
    expect(readFileSync(stage.path('other/package/index.js'), 'utf8')).toBe('precious');
  });
});
