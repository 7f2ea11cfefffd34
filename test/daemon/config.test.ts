import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { freePort } from '../e2e/stage.ts';
import { newDirectory } from '../ports/rig.ts';
import { ConsoleClient, manage } from './managed-stage.ts';

const success = '1000 Success\n';

it('settings are written to a file by config/save, and read from it by another switch', async () => {
  const options = { numports: 64, trunk: true };
  const [one, other] = [await manage({}, options), await manage({}, options)];
  const client = await ConsoleClient.open(one.path);
  const link = `tcp://127.0.0.1:${await freePort()}`;
  for (const line of ['vlan/create 10', 'port/create 9', 'port/setvlan 9 10', 'port/impair 9 loss 5', `link/add ${link}`])
    expect(await client.say(line), line).toContain(success);
  const file = join(newDirectory(), 'rc');
  expect(await client.say(`config/save ${file}`)).toBe(success);
  const lines = ['vlan/create 10', 'port/create 9', 'port/setvlan 9 10', 'port/impair 9 loss 5', `link/add ${link}`];
  expect(readFileSync(file, 'utf8')).toBe(lines.map((line) => `${line}\n`).join(''));
  other.management.runScript(file);
  const reader = await ConsoleClient.open(other.path);
  expect(await reader.say('config/show')).toBe(await client.say('config/show'));
  expect(await reader.say('link/print')).toContain(`Link 1 ${link}`);
  // The switch that has the settings already is left as it is: also its link, which is not opened twice.
  expect((await client.say(`load ${file}`)).match(/^1\d{3} .*/gm)).toEqual([
    '1017 File exists',
    '1017 File exists',
    '1000 Success',
    '1000 Success',
    '1017 File exists',
    '1000 Success',
  ]);
});

it('config/save leaves the reasons for a file that it cannot write to the one who asks', async () => {
  const { path } = await manage();
  const client = await ConsoleClient.open(path);
  await client.say('port/create 1');
  const directory = newDirectory();
  expect(await client.say('config/save')).toBe('1022 Invalid argument\n');
  expect(await client.say(`config/save ${directory}`)).toBe('1021 Is a directory\n');
  expect(await client.say(`config/save ${directory}/none/rc`)).toBe('1002 No such file or directory\n');
  writeFileSync(join(directory, 'file'), '');
  expect(await client.say(`config/save ${directory}/file/rc`)).toBe('1020 Not a directory\n');
  expect(await client.say('config/save /dev/full')).toBe('1028 No space left on device\n');
  expect(existsSync(join(directory, 'none'))).toBe(false);
});
