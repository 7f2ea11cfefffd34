/**
 * The console, as the tools that come with the original use it.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import t from 'tap';
import { reusedConsole } from './console.mjs';
import { until, within } from './peer.mjs';

const fresh = reusedConsole(t);
const missing = (...files) => files.filter((file) => !existsSync(file)).map((file) => `${file} is not installed`)[0] ?? false;
const reply = 'Numports=32\nHUB=false\ncounters=true\n';

/** Starts a tool, with what it has written so far, without the returns of a terminal. It ends with the test. */
function start(t, command, ...args) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'], env: { ...process.env, TERM: 'dumb' } });
  const ended = new Promise((resolve) => child.on('close', resolve));
  const one = {
    output: '',
    say: (text) => child.stdin.write(text),
    get ended() {
      return within(ended, () => `${command} did not end: ${JSON.stringify(one.output)}`);
    },
  };
  child.stdout.on('data', (chunk) => (one.output += String(chunk).replaceAll(/[\r\0]/g, '')));
  child.stdin.on('error', () => undefined);
  one.seen = (text) =>
    until(
      () => one.output.includes(text),
      undefined,
      () => `${JSON.stringify(text)} is not in ${JSON.stringify(one.output)}`,
    );
  t.teardown(() => {
    child.kill('SIGKILL');
    return one.ended;
  });
  return one;
}

t.test(
  'tools-unixterm: unixterm shows greeting, prompt and replies, and ends with the session',
  { skip: missing('/usr/bin/unixterm') },
  async (t) => {
    const { path } = await fresh(t);
    const tool = start(t, '/usr/bin/unixterm', path);
    await tool.seen('\nvde$ ');
    tool.say('port/showinfo\n');
    await tool.seen(`0000 DATA END WITH '.'\n${reply}.\n1000 Success\n\nvde$ `);
    tool.say('logout\n');
    await tool.ended;
    t.match(tool.output, /^VDE switch V\.2\.3\.2\n/);
  },
);

t.test('tools-vdeterm: vdeterm sends commands without a line end', { skip: missing('/usr/bin/vdeterm', '/usr/bin/script') }, async (t) => {
  const one = await fresh(t);
  const tool = start(t, '/usr/bin/script', '-qec', `/usr/bin/vdeterm ${one.path}`, '/dev/null');
  await tool.seen(`vde[${one.path}]: `);
  tool.say('port/showinfo\n');
  await tool.seen(`${reply}Success\n`);
  tool.say('debug/add port\n');
  await until(async () => tool.output.split('Success\n').length === 3);
  await one.console.give('port/create 5');
  await tool.seen('** DBG MSG: port/+ 05');
  tool.say('nosuch\n');
  await tool.seen('Function not implemented\n');
  t.pass('it understands data, status and events');
});

t.test('tools-unixcmd: unixcmd runs a command', { skip: missing('/usr/bin/unixcmd', '/etc/vde2/vdecmd') }, async (t) => {
  const { path } = await fresh(t);
  const tool = start(t, '/usr/bin/unixcmd', '-s', path, '-f', '/etc/vde2/vdecmd', 'port/showinfo');
  await tool.ended;
  t.equal(tool.output, reply);
});
