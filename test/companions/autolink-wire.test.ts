import { describe, expect, it } from 'vitest';
import { expandWire, isWireCommand } from '../../src/companions/autolink/wire.ts';

const command = 'dpipe vde_plug --port $myport $mysock =  ssh $remotehost vde_plug';

describe('the command of a wire', () => {
  it('has all variables, and does not begin with one', () => {
    expect(isWireCommand(command)).toBe(true);
    for (const variable of ['$myport', '$mysock', '$remotehost']) expect(isWireCommand(command.replace(variable, 'x'))).toBe(false);
    expect(isWireCommand('$mysock $myport $remotehost')).toBe(false);
  });

  it('becomes words, in which the variables have their values, whatever these contain', () => {
    const words = expandWire(command, { port: 5, sock: '/run/my switch', remote: '$mysock;id' });
    expect(words).toEqual(['dpipe', 'vde_plug', '--port', '5', '/run/my switch', '=', 'ssh', '$mysock;id', 'vde_plug']);
    expect(expandWire('x:$myport $mysock$remotehost', { port: undefined, sock: 's', remote: 'r' })).toEqual(['x:$myport', 'sr']);
  });
});
