import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../doors/main-exports.ts';
import { asBareUser, guestNeeds } from './peers.ts';
import { bin, useStage } from './stage.ts';

const example = (name: string): string => join(root, 'examples', name);

describe('the example', { timeout: 120_000 }, () => {
  const stage = useStage([]);

  it('ci-network: stations get addresses and answers by a link that loses frames', async () => {
    const { status, text } = await stage.run([example('ci-network/job.sh')]);
    expect(status, text).toBe(0);
    expect(text).toMatch(/^station two: 10\.77\.0\.1 answers in [\d.]+ ms$/m);
  });

  it('classroom: each seat has its own address, again after it was switched off', async () => {
    const { status, text } = await stage.run([example('classroom/lesson.sh')]);
    expect(status, text).toBe(0);
    expect(text.match(/^pupil-\S+: ready, \S+$/gm)).toEqual([
      'pupil-seat3: ready, 10.77.0.13',
      'pupil-seat1: ready, 10.77.0.11',
      'pupil-seat2: ready, 10.77.0.12',
      'pupil-seat2-again: ready, 10.77.0.12',
    ]);
  });

  it('own-program: a port of the program hears a broadcast, which the DHCP server answers', async () => {
    const { status, text } = await stage.run(['node', example('own-program/main.mjs')]);
    expect(status, text).toBe(0);
    expect(text).toMatch(/^heard: .*ARP, who has 10\.77\.0\.1\?/m);
    expect(text).toMatch(/^answered: .*ARP, 10\.77\.0\.1 is at/m);
  });

  it('README.md: lists all of them', () => {
    const text = readFileSync(example('README.md'), 'utf8');
    const names = readdirSync(join(root, 'examples')).filter((name) => !name.includes('.'));
    expect([...text.matchAll(/^\| \[([\w-]+)\]/gm)].map(([, name]) => name).sort()).toEqual(names.sort());
  });
});

describe('the example guest-pair', { timeout: 180_000 }, () => {
  const stage = useStage(guestNeeds);

  it('starts two guests, which have addresses, and one pings the other', async () => {
    const { status, text } = await stage.run(['node', example('guest-pair/main.mjs')]);
    expect(status, text).toBe(0);
    expect(text.match(/^guest \d has 10\.77\.0\.\d+$/gm)).toHaveLength(2);
    expect(text).toMatch(/^guest 1 pings guest 2: [123] of 3 answered$/m);
  });
});

describe('the example container', { timeout: 180_000 }, () => {
  const stage = useStage(['npm', 'registry', 'users']);

  /** Replaces the directories of the image by those on the stage. */
  const onStage = (text: string): string => text.replaceAll('/srv', stage.path('srv'));

  it('does what its Containerfile says, step by step, and runs for any user without a home', async () => {
    const context = stage.path('context');
    mkdirSync(context);
    const home = { env: { npm_config_cache: stage.path('cache') } };
    const packed = await stage.run(['npm', 'pack', '--silent', '--pack-destination', context, root], home);
    expect(packed.status, packed.text).toBe(0);
    for (const name of readdirSync(context)) renameSync(join(context, name), join(context, 'etherloom.tgz'));

    let place = stage.path();
    const image: Record<string, string[]> = { ENTRYPOINT: [], CMD: [] };
    const environment: string[] = [];
    let user = 'root';
    const steps: Readonly<Record<string, (argument: string) => unknown>> = {
      FROM: (base) => expect(base).toMatch(/^node:\d+-slim$/),
      WORKDIR: (path) => mkdirSync((place = onStage(path)), { recursive: true }),
      COPY: (names) => cpSync(join(context, names.split(' ')[0] ?? ''), join(place, names.split(' ')[0] ?? '')),
      RUN: async (command) => {
        const { status, text } = await stage.run(['sh', '-c', `cd ${place} && ${onStage(command)}`], home);
        expect(status, text).toBe(0);
      },
      ENV: (setting) => environment.push(setting),
      USER: (name) => (user = name),
      VOLUME: () => undefined,
      ENTRYPOINT: (words) => (image['ENTRYPOINT'] = JSON.parse(onStage(words)) as string[]),
      CMD: (words) => (image['CMD'] = JSON.parse(onStage(words)) as string[]),
    };
    for (const line of readFileSync(example('container/Containerfile'), 'utf8').split('\n')) {
      const [, word = '', argument = ''] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
      if (word !== '') await steps[word]?.(argument);
      expect(word === '' || word in steps, line).toBe(true);
    }
    expect(Number(user)).toBeGreaterThan(0);
    expect(environment.join()).not.toContain('HOME');

    const service = stage.start([...asBareUser(environment), ...(image['ENTRYPOINT'] ?? []), ...(image['CMD'] ?? [])]);
    await service.line(/^ready$/);
    const station = stage.start([...asBareUser(), bin('etherloom'), 'station', '--sock', stage.path('srv', 'net', 'switch'), '--id', '1']);
    await station.line(/ready, 10\.77\.0\.\d+/);
    const told = await stage.run([...asBareUser(), bin('vdecmd'), '-s', stage.path('srv', 'net', 'mgmt'), 'port/allprint']);
    expect([told.status, told.text]).toEqual([0, expect.stringContaining('Port 0001')]);
    await station.end();
    expect(await service.end()).toEqual({ status: 0, signal: null });
  });
});
