import { describe, expect, it } from 'vitest';
import { ConsoleClient } from '../daemon/managed-stage.ts';
import { eventually } from '../eventually.ts';
import { Nodes } from './nodes.ts';

/** Returns the data of a reply, without its status. */
async function ask(console: ConsoleClient, line: string): Promise<string[]> {
  const lines = (await console.say(line)).split('\n');
  expect(lines.slice(-2), lines.join('\n')).toEqual(['1000 Success', '']);
  return lines.slice(1, -3);
}

describe('the console of a node of a star', () => {
  const managed = (nodes: Nodes, name: string): { readonly management: { readonly console: { readonly path: string } } } => ({
    management: { console: { path: nodes.state(`${name}.mgmt`) } },
  });
  const at = (nodes: Nodes, name: string): Promise<ConsoleClient> => ConsoleClient.open(nodes.state(`${name}.mgmt`));

  it("shows a master's addresses, members, links and leases", async () => {
    const nodes = new Nodes();
    const master = await nodes.master(managed(nodes, 'master'));
    const console = await at(nodes, 'master');
    const joined = (members: number, now: number): string[] => [
      'role master',
      'network 10.77.0.0/24',
      `link ${master.link}`,
      `control ${master.control}`,
      `members ${members}`,
      `joined ${now}`,
    ];
    expect(await ask(console, 'star/showinfo')).toEqual(joined(0, 0));
    expect(await ask(console, 'star/members')).toEqual([]);
    const one = await nodes.slave(master, 'one');
    await nodes.slave(master, 'two', { id: 7 });
    expect(await ask(console, 'star/showinfo')).toEqual(joined(2, 2));
    const here = (id: number, last: number): unknown =>
      expect.stringMatching(
        new RegExp(`^id ${id} mac 02:65:6c:00:00:0${id} address 10\\.77\\.0\\.${last} joined \\d+ from 127\\.0\\.0\\.1:\\d+$`),
      );
    expect(await ask(console, 'star/members')).toEqual([here(1, 11), here(7, 17)]);
    const link = (port: number): unknown =>
      expect.stringMatching(
        new RegExp(`^port ${port} up \\d+ received 0 frames 0 octets sent 0 frames 0 octets peer 127\\.0\\.0\\.1:\\d+$`),
      );
    await eventually(async () => expect(await ask(console, 'star/links')).toEqual([link(1), link(2)]));
    await one[Symbol.asyncDispose]();
    await eventually(async () =>
      expect(await ask(console, 'star/members')).toEqual(['id 1 mac 02:65:6c:00:00:01 address 10.77.0.11 absent', here(7, 17)]),
    );
    expect(await ask(console, 'star/showinfo')).toEqual(joined(2, 1));
    expect(await ask(console, 'star/links')).toEqual([link(2)]);
    expect(await ask(console, 'dhcp/print')).toEqual([]);
    const commands = (await ask(console, 'help star')).map((line) => line.split(' ')[0]);
    expect(commands.slice(3)).toEqual(['star/showinfo', 'star/members', 'star/links', 'star/guest', 'star/endguest', 'star/restartguest']);
  });

  it('shows a slave that waits, and one that joined, with its link', async () => {
    const nodes = new Nodes();
    const master = await nodes.master();
    await nodes.slave(master, 'one', managed(nodes, 'one'));
    const console = await at(nodes, 'one');
    const shown = async (): Promise<string[]> => (await ask(console, 'star/showinfo')).map((line) => line.replace(/ \d+$/, ' N'));
    const known = [
      'role slave',
      'id N',
      'mac 02:65:6c:00:00:01',
      'address 10.77.0.11',
      'network 10.77.0.0/24',
      `master ${master.link}`,
      `control ${master.control}`,
    ];
    await eventually(async () => expect(await shown()).toEqual([...known, 'state joined N', 'link up N']));
    expect(await ask(console, 'star/links')).toEqual([expect.stringMatching(/^port 1 up \d+ .* peer /)]);
    await master[Symbol.asyncDispose]();
    await eventually(async () => expect(await shown()).toEqual([...known, 'state waiting', 'link down N']));
    expect((await ask(console, 'help star')).join('\n')).not.toContain('star/members');
  });

  it('has no guest to show or to end where none was started', async () => {
    const nodes = new Nodes();
    await nodes.master(managed(nodes, 'master'));
    const console = await at(nodes, 'master');
    expect(await console.say('star/guest')).toContain('\nthis node has no guest\n.\n1006 No such device or address\n');
    expect(await console.say('star/endguest')).toBe('1006 No such device or address\n');
    expect(await console.say('star/restartguest')).toBe('1006 No such device or address\n');
  });
});
