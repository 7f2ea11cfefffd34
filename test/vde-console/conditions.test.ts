import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sound } from '../../src/impairment/condition.ts';
import { ConsoleStage, type StageSession } from './console-stage.ts';
import { user } from '../user.ts';

const success = '1000 Success';
const invalid = '1022 Invalid argument';
const noPort = '1006 No such device or address';

let stage: ConsoleStage;
let console: StageSession;
beforeEach(() => {
  stage = new ConsoleStage();
  console = stage.session();
  for (const port of [1, 2]) stage.plug(port, { peer: user(1000), description: `station ${port}` });
});
afterEach(() => stage[Symbol.dispose]());

/** Returns the lines of port/print that are there for some ports only. */
function unusual(): string[] {
  return console.ask('port/print').filter((line) => line.startsWith(' Condition'));
}

/** Returns the data and the status of a reply, without the marks around the data. */
function reply(line: string): string[] {
  return console.say(line).filter((one) => one !== '.' && !one.startsWith('0000 '));
}

describe('port/down and port/up', () => {
  it('are for the number of a port, whoever is there, until it is removed', () => {
    expect(console.say('port/down 2')).toEqual([success]);
    expect(console.say('port/down 2')).toEqual([success]);
    expect(unusual()).toEqual([' Condition: down']);
    stage.ports.at(2)?.[0]?.close();
    stage.plug(2);
    expect(stage.ports.get(2)?.condition.up).toBe(false);
    expect(console.say('port/up2')).toEqual([success]);
    expect(stage.ports.get(2)?.condition).toEqual(sound);
    console.say('port/down 2');
    stage.ports.at(2)?.[0]?.close();
    console.say('port/remove 2');
    stage.plug(2);
    expect([stage.ports.get(2)?.condition, unusual()]).toEqual([sound, []]);
  });

  it.each(['', 'x', '1x', '1 2', '-1', '32', '99999', '100000'])('refuse %j, which is no number of a port', (argument) => {
    for (const command of ['port/down', 'port/up']) expect(console.say(`${command} ${argument}`)).toEqual([invalid]);
    expect([1, 2].map((port) => stage.ports.get(port)?.condition)).toEqual([sound, sound]);
  });

  it('refuse a port that is not there', () => {
    for (const command of ['port/down', 'port/up']) expect(console.say(`${command} 9`)).toEqual([noPort]);
  });
});

describe('port/impair', () => {
  it('sets what befalls frames, tells what is set, and ends it', () => {
    expect(reply('port/impair 1')).toEqual(['Port 0001 off', success]);
    expect(reply('port/impair 1 loss 5,delay 20+5n , fifo 0')).toEqual(['Port 0001 loss 5, delay 20+5n, fifo 0', success]);
    expect(reply('port/impair 1')).toEqual(['Port 0001 loss 5, delay 20+5n, fifo 0', success]);
    expect(reply('port/impair 1 mtu 1k')).toEqual(['Port 0001 mtu 1024', success]);
    console.say('port/down 1');
    expect(unusual()).toEqual([' Condition: down, impaired, each way: mtu 1024']);
    expect(reply('port/impair1 off')).toEqual(['Port 0001 off', success]);
    expect(unusual()).toEqual([' Condition: down']);
    expect(stage.ports.get(1)?.condition).toEqual({ up: false, impairment: undefined });
  });

  it.each([
    ['1 los 5', /^"los 5" is not an impairment; write it as "loss 5, delay 20\+5", with any of mtu, loss, .* fifo$/],
    ['1 loss', /^"loss" is not an impairment; /],
    ['1 loss 5%', /^"loss 5%" is not an impairment; /],
    ['1 loss 101', /^loss cannot be 101; use 0 to 100$/],
    ['1 dup 100', /^`dup` cannot be 100: .*; use less$/],
    ['1 bandwidth 0', /^bandwidth cannot be 0; leave it out for no limit$/],
    ['1 off, loss 5', /^"off" is not an impairment; /],
    ['1 loss 5,', /^"" is not an impairment; /],
  ])('refuses %j, and says what is wrong', (argument, message) => {
    const [said = '', ...status] = reply(`port/impair ${argument}`);
    expect(said).toMatch(message);
    expect(status).toEqual([invalid]);
    expect(stage.ports.get(1)?.condition).toEqual(sound);
  });

  it.each([
    ['', invalid],
    ['x loss 5', invalid],
    ['32 loss 5', invalid],
    ['32', invalid],
    ['9 loss 5', noPort],
    ['9 off', noPort],
    ['9', noPort],
  ])('refuses %j by its port', (argument, status) => {
    expect(reply(`port/impair ${argument}`)).toEqual([status]);
  });
});

describe('what is told of ports', () => {
  it('is as it always was where nothing was asked', () => {
    expect(console.ask('port/print 1').map((line) => line.slice(0, 6))).toEqual(['Port 0', ' Curre', ' IN:  ', ' OUT: ', '  -- e']);
  });

  it('ends with the MTU where the path of an endpoint limits it', () => {
    stage.plug(7, { module: 'vxlan', description: '192.0.2.7', mtu: 1450 });
    expect(console.ask('port/print 7').at(-1)).toMatch(/^ {2}-- endpoint ID \d{4} module vxlan {7}: 192\.0\.2\.7, MTU 1450$/);
  });
});
