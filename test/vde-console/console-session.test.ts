import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { longestLine } from '../../src/vde-console/command.ts';
import { ConsoleStage, type StageSession } from './console-stage.ts';

const unknown = '1038 Function not implemented\n';
const mode = "0000 DATA END WITH '.'\nctl dir /run/sw\nstd mode 0700\n.\n1000 Success\n";

/** A client with more than this waiting for it is behind. */
const far = 2 ** 21;

let stage: ConsoleStage;
let one: StageSession;
beforeEach(() => {
  stage = new ConsoleStage();
  one = stage.session();
});
afterEach(() => stage[Symbol.dispose]());

describe('a line at a console', () => {
  it('is done when it ends, in whatever pieces it comes', () => {
    expect(one.type('ds/showinfo\nds/sh')).toBe(mode);
    expect(one.type('owin')).toBe('');
    expect(one.type('fo\n')).toBe(mode);
    expect(one.prompts).toBe(2);
  });

  it('is done at once when it comes without an end, for clients send it so', () => {
    expect(one.type('ds/showinfo')).toBe(mode);
    expect(one.prompts).toBe(1);
  });

  it('is one of as many as came together, each with its reply and a prompt', () => {
    expect(one.type('ds/showinfo\nnothing\n\n# nothing\n \tds/showinfo\n')).toBe(mode + unknown + mode);
    expect(one.prompts).toBe(5);
  });

  it('counts to its first NUL', () => {
    expect(one.type('ds/showinfo\0nothing\n')).toBe(mode);
    expect(one.type('\0ds/showinfo\n')).toBe('');
  });

  it('is refused when it is too long, in one piece or in many, and the next one is not', () => {
    const tooLong = '1007 Argument list too long\n';
    expect(one.type(`${'x'.repeat(longestLine)}\n`)).toBe(unknown);
    expect(one.type(`${'x'.repeat(longestLine + 1)}\nds/showinfo\n`)).toBe(tooLong + mode);
    one.type('ds/showinfo\nx');
    for (let i = 0; i < 100; i++) expect(one.type('x'.repeat(1_000))).toBe('');
    expect(one.type('\nds/showinfo\n')).toBe(tooLong + mode);
  });

  it('is done without an end when nothing more will be typed', () => {
    one.type('nothing\nds/showinfo');
    one.shown = '';
    one.session.finish();
    expect(one.shown).toBe(mode);
    one.session.finish();
    expect(one.shown).toBe(mode);
  });

  it('is nothing while its first character is not whole', () => {
    expect(one.type('')).toBe('');
    expect(one.prompts).toBe(0);
  });

  it('begins with the path of a command, and need not be apart from what follows', () => {
    stage.plug(1);
    expect(one.ask('port/print1')[0]).toMatch(/^Port 0001/);
    expect(one.ask('showinfo')[0]).toBe('VDE switch V.2.3.2');
    expect(one.say('port')).toEqual(['1038 Function not implemented']);
    expect(one.say('PORT/PRINT')).toEqual(['1038 Function not implemented']);
  });
});

describe('a session', () => {
  it('greets who is remote, with a prompt', () => {
    const shown: string[] = [];
    const remote = stage.session();
    remote.watch = (text) => void shown.push(text);
    remote.type('nothing\n');
    expect(shown).toEqual([unknown, '\nvde$ ']);
  });

  it('does no more for who does not read, and goes on where it was', () => {
    one.watch = () => (one.backlog = far);
    expect(one.type('nothing\nds/showinfo\nnothing\n')).toBe(unknown);
    expect(one.session.congested).toBe(true);
    one.watch = undefined;
    one.backlog = 0;
    one.session.resume();
    expect(one.shown).toBe(unknown + mode + unknown);
    expect(one.session.congested).toBe(false);
  });

  it('tells how many events it had no room for, before the next one', () => {
    one.say('debug/add port/+');
    one.backlog = far;
    one.shown = '';
    for (let port = 1; port <= 3; port++) stage.ports.create(port);
    expect(one.shown).toBe('');
    one.backlog = 0;
    stage.ports.create(4);
    stage.ports.create(5);
    expect(one.shown).toBe('3077 debug/lost 3\n3021 port/+ 04\n3021 port/+ 05\n');
  });

  it('is over by logout, and what was typed behind it is not done', () => {
    expect(one.type('logout\nport/create 5\n')).toBe('9999 END OF SESSION');
    expect([one.ended, one.prompts]).toEqual([true, 0]);
    expect(stage.ports.get(5)).toBeUndefined();
    expect(stage.shutdowns).toBe(0);
    const local = stage.session({ remote: false });
    expect(local.type('logout\nds/showinfo\n')).toBe(mode);
    expect(local.ended).toBe(false);
  });

  it('ends the switch by shutdown', () => {
    expect(one.type('shutdown\n')).toBe('9999 END OF SESSION');
    const local = stage.session({ remote: false });
    expect(local.type('shutdown\n')).toBe('');
    expect(stage.shutdowns).toBe(2);
  });

  it('is told nothing any more when it is over', () => {
    one.say('debug/add');
    one.shown = '';
    one.session.close();
    stage.plug(1);
    expect(one.shown).toBe('');
    expect(stage.console.events.matching('').filter((category) => stage.console.events.wanted(category))).toEqual([]);
  });
});

describe('events', () => {
  it('are told to whoever asked for their kind, and to nobody else', () => {
    const other = stage.session();
    expect(one.say('debug/add port/ep')).toEqual(['1000 Success']);
    expect(one.say('debug/add port/ep/+')).toEqual(['1017 File exists']);
    expect(one.say('debug/add nothing')).toEqual(['1022 Invalid argument']);
    one.shown = '';
    const endpoint = stage.plug(3, { description: 'a station' });
    endpoint.close();
    expect(one.shown).toBe('3031 port/ep/+ Port 03 FD  1\n3032 port/ep/- Port 03 FD  1\n');
    expect(other.shown).toBe('');
    expect(one.say('debug/del port')).toEqual(['1000 Success']);
    expect(one.say('debug/del port')).toEqual(['1002 No such file or directory']);
    one.shown = '';
    stage.plug(4);
    expect(one.shown).toBe('');
  });

  it('are not even made when nobody wants them', () => {
    one.ask('help');
    one.say('plugin/add dump');
    one.say('dump/active 1');
    const frame = new Uint8Array(60);
    // Formatting it as text looks at all of it.
    let looks = 0;
    frame[Symbol.iterator] = () => {
      looks += 1;
      return new Uint8Array(60)[Symbol.iterator]();
    };
    stage.taps.show('in', 1, frame);
    expect(looks).toBe(0);
    one.say('debug/add dump/packetin');
    stage.taps.show('in', 1, frame);
    expect(looks).toBe(1);
  });

  it('say who came and went, and which stations are known', () => {
    one.say('debug/add');
    one.shown = '';
    stage.plug(1, { description: 'who it is' });
    expect(one.shown).toBe('3021 port/+ 01\n3031 port/ep/+ Port 01 FD  1\n3023 port/descr Port 01 FD  1 -> "who it is"\n');
    one.shown = '';
    stage.receive(1, Uint8Array.of(255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 1, 8, 0, 0));
    stage.clock.advanceSeconds(200);
    expect(one.shown).toBe('3011 hash/+ 02:00:00:00:00:01 VLAN 00:00 Port 1\n3012 hash/- 02:00:00:00:00:01 VLAN 00:00 Port 1\n');
    one.shown = '';
    stage.ports.at(1)?.[0]?.close();
    expect(one.shown).toBe('3032 port/ep/- Port 01 FD  1\n3022 port/- 01\n');
  });
});

describe('a script', () => {
  it('is shown line by line with the replies, and its blank lines are commands that are not there', () => {
    stage.files.texts.set('/rc', 'port/create 5\n\n# nothing\nport/create 5');
    expect(one.say('load /rc')).toEqual([
      'vde[/rc]: port/create 5',
      '1000 Success',
      'vde[/rc]: ',
      '',
      '1038 Function not implemented',
      'vde[/rc]: # nothing',
      'vde[/rc]: port/create 5',
      '1017 File exists',
      '1000 Success',
    ]);
  });

  it('that cannot be read says why', () => {
    stage.files.refusals.set('/secret', 'EACCES');
    expect(one.say('load /secret')).toEqual(['1013 Permission denied']);
    expect(one.say('load /none')).toEqual(['1002 No such file or directory']);
  });

  it('may load itself 15 times over, and no more', () => {
    stage.files.texts.set('/self', 'load /self\n');
    const lines = one.say('load /self');
    expect(lines.filter((line) => line === 'vde[/self]: load /self').length).toBe(16);
    expect(lines.filter((line) => line.startsWith('1040')).length).toBe(1);
    expect(lines.at(-1)).toBe('1000 Success');
  });

  it('that would never end is ended', () => {
    stage.files.texts.set('/many', 'load /many\n'.repeat(10));
    const lines = one.say('load /many');
    expect(lines.at(-1)).toBe('1027 File too large');
    expect(lines.length).toBeLessThan(200_000);
    expect(one.say('nothing')).toEqual(['1038 Function not implemented']);
  });

  it('ends neither the session nor the switch', () => {
    stage.files.texts.set('/end', 'logout\nshutdown\nport/create 7\n');
    one.say('load /end');
    expect([one.ended, stage.shutdowns, stage.ports.get(7) !== undefined]).toEqual([false, 0, true]);
  });

  it('at the start is run without anybody to show it to, and can load no other', () => {
    stage.files.texts.set('/rc', 'port/create 5\nload /other\ndebug/add\nport/create 6');
    stage.files.texts.set('/other', 'port/create 7');
    expect(stage.console.script.runAtStart('/rc', stage.files)).toBe('success');
    expect(stage.ports.list().map(({ number }) => number)).toEqual([5, 6]);
    expect(stage.console.script.runAtStart('/none', stage.files)).toBe('ENOENT');
  });
});

describe('port/setuser and port/setgroup', () => {
  it('take numbers that a user or a group can have', () => {
    one.type('port/create 3\n');
    for (const command of ['port/setuser', 'port/setgroup']) {
      expect(one.type(`${command} 3 4294967294\n`)).toBe('1000 Success\n');
      for (const number of ['4294967295', '4294967296', '9999999999'])
        expect(one.type(`${command} 3 ${number}\n`)).toBe('1022 Invalid argument\n');
    }
  });
});

describe('a session that is over', () => {
  it('does nothing more, and has no more to do', () => {
    one.backlog = far;
    one.type('logout\n');
    one.backlog = 0;
    one.session.resume();
    expect(one.ended).toBe(true);
    expect(one.type('ds/showinfo\nds/show')).toBe('');
    one.session.finish();
    expect([one.shown, one.session.congested]).toEqual(['', false]);
  });
});

it('fstp/bothends', () => {
  for (const on of [true, false]) {
    expect(one.type(`fstp/bothends ${Number(on)}\n`)).toBe('1000 Success\n');
    expect(stage.managed.switch.fstp.closesBothEnds).toBe(on);
  }
});

describe('fstp/maxage', () => {
  it.each([
    ['60', 60, '1000 Success'],
    ['0', Infinity, '1000 Success'],
    ['255', 255, '1000 Success'],
    ['256', 40, '1022 Invalid argument'],
    ['-1', 40, '1022 Invalid argument'],
    ['x', 40, '1022 Invalid argument'],
    ['', 40, '1022 Invalid argument'],
  ])('%s', (argument, maxAge, reply) => {
    expect(one.type(`fstp/maxage ${argument}\n`)).toBe(`${reply}\n`);
    expect(stage.managed.switch.fstp.maxAge).toBe(maxAge);
  });
});
