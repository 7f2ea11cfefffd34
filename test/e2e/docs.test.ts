import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { holdDocumentedPorts } from './machine-lock.ts';
import { guestNeeds } from './peers.ts';
import { bin, useStage } from './stage.ts';

const root = join(import.meta.dirname, '../..');
const examplePages = readdirSync(join(root, 'examples'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md'))
  .map((name) => `examples/${name}`);
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`),
  ...examplePages,
];

/** Commands that serve until they are ended; the next line of the example goes on beside them. */
const serving = /^(etherloom (master|slave|join|switch|station)|vde_switch) /;

let ports: AsyncDisposable | undefined;
beforeAll(async () => {
  ports = await holdDocumentedPorts();
}, 300_000);
afterAll(() => ports?.[Symbol.asyncDispose]());

describe.each(pages)('%s', (page) => {
  const text = readFileSync(join(root, page), 'utf8');
  const stage = useStage(text.includes('etherloom guest build') ? guestNeeds : []);

  const examples = [...text.matchAll(/^```sh\n(.*?)^```/gms)].map(([, example = '']) => example);
  it.skipIf(examples.length === 0).each(examples)(
    'its example runs: %s',
    async (example) => {
      const home = stage.path('home');
      mkdirSync(home, { recursive: true });
      const env = {
        HOME: home,
        XDG_RUNTIME_DIR: home,
        XDG_STATE_HOME: join(home, 'state'),
        XDG_CACHE_HOME: undefined,
        PATH: `${join(bin('etherloom'), '..')}:${process.env['PATH'] ?? ''}`,
      };
      let settings = `cd ${home}`;
      for (const line of example.trim().split('\n')) {
        if (/^(export )?[A-Z]+=/.test(line)) settings += `\n${line}`;
        else if (serving.test(line)) await stage.start(['sh', '-c', `${settings}\nexec ${line}`], { env }).line(/^ready$/);
        else {
          const { status, text: output } = await stage.run(['sh', '-c', `${settings}\n${line}`], { env });
          expect(status, output).toBe(0);
        }
      }
    },
    60_000,
  );

  it('points to files that are there', () => {
    for (const [, target = ''] of text.matchAll(/\]\(([^)#:]+)\)/g)) {
      expect(existsSync(join(root, page, '..', target)), target).toBe(true);
    }
  });
});
