import { chmodSync, mkdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EtherloomError } from '../../src/errors.ts';
import { Feed } from '../../src/feed.ts';
import type {
  ContenderView,
  GroupActs,
  GroupEvent,
  GroupMemberView,
  GroupPart,
  NewTokenView,
  TokenView,
} from '../../src/management/parts/group.ts';
import { ask, openApi, type ApiStage } from '../http/api-stage.ts';
import { actAs } from '../rights.ts';
import { bin, useStage, type Output, type Stage } from './stage.ts';

const hostile = 'evil\u001b[2J\nroot\u202e';

/** A group that is kept in memory alone. */
class RememberedGroup implements GroupPart {
  readonly events = new Feed<GroupEvent>();
  readonly calls: unknown[] = [];
  linked = 1;

  show(): ReturnType<GroupPart['show']> {
    return {
      role: 'master',
      group: 'g7',
      self: 0,
      fingerprint: 'f'.repeat(32),
      term: 1,
      masters: [],
      nextPin: undefined,
      shortcuts: undefined,
      counts: undefined,
    };
  }

  members(): GroupMemberView[] {
    const traffic = { frames: 10, octets: 640, rate: 15_340 };
    const common = {
      ephemeral: false,
      since: '2026-11-30T12:00:00.000Z',
      token: 'abcdefgh',
      contenders: 1,
      guest: undefined,
      shortcuts: undefined,
      joined: 5,
    };
    const link = {
      port: 1,
      up: true,
      seconds: 5,
      roundTrip: 0.213,
      refused: { 'forged-arp': 12, flooding: 3 },
      received: traffic,
      sent: traffic,
    };
    const told = { host: 'host-of-some-length.example', address: '192.0.2.7:53114', version: '0.3.0', fingerprint: 'f'.repeat(32) };
    const slaves = Array.from({ length: 3 }, (_, i): GroupMemberView => {
      const state = i === 2 ? 'waiting' : i < this.linked ? 'linked' : 'away';
      return {
        ...common,
        ...told,
        id: i + 1,
        name: i === 1 ? hostile : `web-${i}`,
        role: 'slave',
        state,
        link: i === 0 ? link : undefined,
        contenders: i === 0 ? 2 : 1,
      };
    });
    return [{ ...common, ...told, id: 0, name: 'master', role: 'master', state: 'joined', link: undefined, contenders: 1 }, ...slaves];
  }

  readonly acts = {
    kick: (id: number, { keepToken }: { readonly keepToken: boolean }) => {
      this.calls.push(['kick', id, keepToken]);
      return Promise.resolve({ id, name: 'web-0', token: 'abcdefgh', revoked: !keepToken, others: 2 });
    },
    rename: (_: number, name: string) =>
      name === 'master'
        ? Promise.reject(new EtherloomError('refused', 'the name master is reserved; choose another'))
        : Promise.resolve(`${name}-2`),
    replace: (id: number) => Promise.resolve(tokenFor(id)),
    accept: (id: number) => Promise.resolve(void this.calls.push(['accept', id])),
    contenders: (): readonly ContenderView[] =>
      [1, 2].map((number) => ({
        number,
        host: hostile,
        address: `192.0.2.${number}:1`,
        since: '2026-11-30T12:00:00.000Z',
        present: number === 1,
      })),
    takeover: (id: number, number: number) => Promise.resolve(void this.calls.push(['takeover', id, number])),
    rekey: (how: 'now' | 'cancel' | undefined) => {
      this.calls.push(['rekey', how]);
      const missing = [{ id: 3, name: hostile, why: 'away' as const }];
      return Promise.resolve({
        state: how === 'now' ? ('changed' as const) : ('telling' as const),
        pin: 'n'.repeat(32),
        missing,
        revoked: 2,
      });
    },
    end: () => Promise.resolve(void this.calls.push(['end'])),
    newToken: (wish: object) => {
      this.calls.push(['newToken', wish]);
      return Promise.resolve(tokenFor(undefined));
    },
    tokens: () => [tokenFor(5).token],
    revokeToken: (id: string) => Promise.resolve(id === 'abcdefgh'),
  } satisfies GroupActs;
}

function tokenFor(id: number | undefined): NewTokenView {
  const token: TokenView = {
    id: 'abcdefgh',
    state: 'good',
    uses: 1,
    used: 0,
    made: '2026-11-30T12:00:00.000Z',
    expires: '2026-12-01T12:00:00.000Z',
    member: { id, name: undefined },
    ephemeral: false,
  };
  return { token, lines: ['192.0.2.1:7378/pin.abcdefgh.secret', '2001:db8::1:7378/pin.abcdefgh.secret'] };
}

/** Runs `etherloom` with these words; its runtime directory is the stage's own. */
function run(stage: Stage, ...words: string[]): Promise<Output> {
  return stage.run([bin('etherloom'), ...words], { env: { XDG_RUNTIME_DIR: stage.path('run') } });
}

/** Starts a service with that runtime directory, and waits until it is ready. */
async function serve(stage: Stage, ...words: string[]): Promise<void> {
  mkdirSync(stage.path('run'), { recursive: true, mode: 0o700 });
  await stage.start([bin('etherloom'), ...words], { env: { XDG_RUNTIME_DIR: stage.path('run') } }).line(/^ready$/);
}

describe('the commands of a running service', { timeout: 60_000 }, () => {
  const stage = useStage([]);

  it('find the one that runs, and list several without doing anything', async () => {
    const none = await run(stage, 'status');
    expect(none).toMatchObject({ status: 1 });
    expect(none.text).toContain('no switch, master or slave of this user runs; start one');
    await serve(stage, 'switch', '--sock', stage.path('a'), '--dhcp', '10.77.0.0/24');
    const one = await run(stage, 'status');
    expect(one).toMatchObject({ status: 0 });
    expect(one.text).toContain(`switch in ${stage.path('a')}, process `);
    expect(one.text).toContain('DHCP for 10.77.0.0/24 from 10.77.0.1');
    await serve(stage, 'switch', '--sock', stage.path('b'));
    const two = await run(stage, 'status');
    expect(two).toMatchObject({ status: 1 });
    for (const name of ['a', 'b']) expect(two.text).toContain(stage.path(name));
    for (const words of [
      ['--sock', stage.path('b')],
      ['--state', `${stage.path('a')}.state`],
    ])
      expect(await run(stage, 'status', ...words), words.join(' ')).toMatchObject({ status: 0 });
    expect(JSON.parse((await run(stage, 'status', '--json', '--sock', stage.path('b'))).text)).toMatchObject({ table: { numports: 1024 } });
    expect((await run(stage, 'group')).text).toContain('no master or slave of this user runs');
  });

  it('print events as they occur, and end when the service ends', async () => {
    await serve(stage, 'switch', '--sock', stage.path('a'), '--dhcp', '10.77.0.0/24');
    const env = { XDG_RUNTIME_DIR: stage.path('run') };
    const [words, json] = [[], ['--json']].map((more) => stage.start([bin('etherloom'), 'events', ...more], { env }));
    // A reader that is there before it is known: one of many ports is told of.
    let port = 1;
    const told = Promise.all([words?.line(/port \d+: added$/), json?.line(/"change":"added"/)]);
    let done = false;
    void told.finally(() => (done = true));
    while (!done) {
      await ask(stage.path('a', 'api'), '/v1/port/create', { method: 'POST', body: { port: port++ } });
    }
    await told;
    stage.start([bin('etherloom'), 'station', '--sock', stage.path('a'), '--id', '3']);
    await words?.line(/lease bound 10\.77\.0\.\d+ 02:65:6c:00:00:03/);
    await json?.logged({ kind: 'lease', change: 'bound', mac: '02:65:6c:00:00:03' });
    expect((await run(stage, 'status')).text).toMatch(/^ +1 {2}free /m);
    const [service] = [await run(stage, 'status', '--json')];
    process.kill((JSON.parse(service.text) as { switch: { pid: number } }).switch.pid, 'SIGTERM');
    expect(await words?.exit).toMatchObject({ status: 1 });
    await words?.line(/has ended; start it/);
  });

  it('leave the service time to say that it ends', async () => {
    mkdirSync(stage.path('run'), { recursive: true, mode: 0o700 });
    const service = await stage.etherloom('switch', '--sock', stage.path('a'));
    expect(await ask(stage.path('a', 'api'), '/v1/switch/shutdown', { method: 'POST' })).toMatchObject({ status: 204 });
    expect(await service.exit).toMatchObject({ status: 0 });
  });

  it('serve a master and a slave, too', async () => {
    await serve(stage, ...stage.masterWords());
    const { text } = await run(stage, 'status');
    expect(text).toContain(`master in ${stage.path('m')}, process `);
    const [, port = ''] = /^star at 127\.0\.0\.1:(\d+): 0 of 0 slaves are connected$/m.exec(text) ?? [];
    await serve(stage, 'slave', '--master', `127.0.0.1:${port}`, '--sock', stage.path('k'), '--state', stage.path('ks'));
    expect((await run(stage, 'status', '--state', stage.path('ks'))).text).toMatch(/^slave 1 of 127\.0\.0\.1:\d+: connected for \d+ s$/m);
    const both = await run(stage, 'status');
    expect(both).toMatchObject({ status: 1 });
    for (const name of ['ms', 'ks']) expect(both.text).toContain(`--state ${stage.path(name)}`);
  });
});

describe('the commands of a group', { timeout: 60_000 }, () => {
  const stage = useStage([]);
  let group: RememberedGroup;
  let api: ApiStage;
  const open = async (): Promise<void> => {
    group = new RememberedGroup();
    api = await openApi(stage.path());
    api.management.addGroup(group);
  };

  it('show the members in aligned columns of 100 characters, cleaned, with what to do', async () => {
    await open();
    const { text, status } = await run(stage, 'group', '--state', stage.path());
    expect(status).toBe(0);
    const lines = text.split('\n');
    expect(Math.max(...lines.slice(0, 5).map(({ length }) => length))).toBeLessThanOrEqual(100);
    expect(lines[0]).toMatch(/^ID {2}NAME +STATE +HOST +ADDRESS +FOR +RTT +IN\/s +OUT\/s +GUEST +VERSION$/);
    expect(lines[2]).toMatch(/^ 1 {2}web-0 .*linked .*192\.0\.2\.7:53114 .*0\.21 ms +15\.3k +15\.3k/);
    expect(text).toMatch(/^[\x20-\x7e\n…]*$/);
    expect(text).toContain('waits: etherloom group accept 3');
    expect(text).toContain('was copied: etherloom group takeover 1');
    expect(text).toContain('member 1, web-0, sent frames that were refused: forged-arp 12, flooding 3');
    const json = JSON.parse((await run(stage, 'group', '--json', '--state', stage.path())).text) as { members: { name: string }[] };
    expect(json).toMatchObject({ group: 'g7' });
    expect(json.members[2]?.name).toBe(hostile);
  });

  it('act on members', async () => {
    await open();
    const said = async (...words: string[]): Promise<string> => (await run(stage, ...words, '--state', stage.path())).text;
    expect(await said('group', 'kick', '1')).toBe(
      'member 1, web-0, is kicked, and its key is barred; the token abcdefgh, by which 2 other members came, is revoked',
    );
    expect(await said('group', 'kick', '1', '--keep-token')).toContain('is kept');
    expect(await said('group', 'rename', '1', 'db')).toBe('member 1 is db-2');
    expect(await said('group', 'accept', '3')).toBe('member 3 is accepted');
    expect(await said('group', 'takeover', '1')).toMatch(/^N {2}HOST .*\n1 {2}evil\?.*the member\n2 {2}evil\?.*refused\n/);
    expect(await said('group', 'takeover', '1', '2')).toContain('process 2 is member 1');
    expect(await said('group', 'rekey')).toMatch(
      /^the next pin of this master is n{32}; 1 .*\nmember 3, evil\?.*not connected\n.*--now.*--cancel$/,
    );
    expect(await said('group', 'rekey', '--now')).toMatch(/^this master has a new key.*\nmember 3, .*--new-master\n2 tokens are revoked/);
    expect(await said('group', 'rekey', '--now', '--cancel')).toContain('contradict each other');
    expect(await said('group', 'end')).toBe('the group has ended');
    const rekeys = [
      ['rekey', undefined],
      ['rekey', 'now'],
    ];
    expect(group.calls).toEqual([['kick', 1, false], ['kick', 1, true], ['accept', 3], ['takeover', 1, 2], ...rekeys, ['end']]);
  });

  it('say why an act failed, and what to do', async () => {
    await open();
    const failed = async (...words: string[]): Promise<string> => {
      const { status, text } = await run(stage, ...words, '--state', stage.path());
      expect(status, words.join(' ')).not.toBe(0);
      return text;
    };
    expect(await failed('group', 'rename', '1', 'master')).toBe('etherloom: the name master is reserved; choose another');
    expect(await failed('group', 'kick', '9')).toBe('etherloom: there is no member 9; list them by: etherloom group');
    expect(await failed('group', 'takeover', '1', '7')).toContain('no contender 7');
    expect(await failed('group', 'leave')).toContain('a master cannot leave');
    expect(await failed('group', 'kick', '0')).toContain('from 1 to 65535');
    expect(await failed('token', 'new', '--expires', '2 hours')).toContain('as 30m or 2h');
    expect(await failed('token', 'revoke', 'zzzzzzzz')).toContain('there is no token zzzzzzzz');
  });

  it('make, list and revoke tokens: the lines alone are on standard output', async () => {
    await open();
    const words = [
      bin('etherloom'),
      'token',
      'new',
      '--state',
      stage.path(),
      '--uses',
      '3',
      '--expires',
      '2h',
      '--id',
      '5',
      '--name',
      'web',
    ];
    const made = await stage.run(['sh', '-c', '"$@" 2>/dev/null', 'sh', ...words]);
    expect(made.text).toBe('192.0.2.1:7378/pin.abcdefgh.secret\n2001:db8::1:7378/pin.abcdefgh.secret');
    expect(group.calls).toEqual([['newToken', { uses: 3, expires: 7200, id: 5, name: 'web', ephemeral: false }]]);
    expect((await run(stage, 'token', 'list', '--state', stage.path())).text).toMatch(/^abcdefgh {2}good {3}0 of 1 .* id 5$/m);
    expect((await run(stage, 'token', 'revoke', 'abcdefgh', '--state', stage.path())).text).toBe('the token abcdefgh is revoked');
    expect((await run(stage, 'group', 'replace', '1', '--state', stage.path())).text).toContain('good for one host, until ');
  });

  it('wait for members, by events, and say how many there are when it took too long', async () => {
    await open();
    expect(await run(stage, 'group', 'wait', '--members', '1', '--state', stage.path())).toMatchObject({ status: 0, text: '' });
    const late = await run(stage, 'group', 'wait', '--members', '2', '--timeout', '1', '--state', stage.path());
    expect(late).toMatchObject({ status: 1, text: 'etherloom: 1 of 2 members are linked after 1 s; list them by: etherloom group' });
    const waiting = run(stage, 'group', 'wait', '--members', '2', '--state', stage.path());
    const heard = stage.start([bin('etherloom'), 'group', 'events', '--state', stage.path()]);
    const told = heard.line(/member 2 x: linked$/);
    let done = false;
    void Promise.all([told, waiting]).finally(() => (done = true));
    group.linked = 2;
    while (!done) {
      group.events.emit({ kind: 'linked', id: 2, name: 'x' });
      await run(stage, 'token', 'list', '--state', stage.path());
    }
    expect(await waiting).toMatchObject({ status: 0 });
    await told;
  });

  it('are not for another user', async (context) => {
    if (process.geteuid?.() !== 0) return void context.skip('only root can run a process of another user');
    const actor = actAs('a user in two groups', context);
    api = await openApi(actor.directory);
    expect(await stage.run([bin('etherloom'), 'group', '--state', actor.directory])).toMatchObject({ status: 1 });
    chmodSync(actor.directory, 0o755);
    const refused = actor.run(actor.command([bin('etherloom'), 'group', '--state', actor.directory]));
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain('run the command as that user');
  });
});
