import { mkdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { errnoOf, errnoText, EtherloomError, isForUser, messageOf, reasonOf, SystemError } from '../src/errors.ts';

const ofNode = catchError(() => mkdirSync('/proc/1/there-is-none/deeper'));

describe('an error', () => {
  it('of a system call says what failed, why, and what to do', () => {
    const error = new SystemError('EACCES', 'cannot open /dev/net/tun', 'run it as root');
    expect(error).toMatchObject({ code: 'system', errno: 'EACCES' });
    expect(error.message).toBe('cannot open /dev/net/tun: permission denied (EACCES); run it as root');
    expect(new SystemError('EBADFD', 'cannot read').message).toBe('cannot read: EBADFD');
  });

  it('of Node is told by its symbolic name, and in the same words', () => {
    expect(errnoOf(ofNode)).toBe('ENOENT');
    expect(reasonOf(ofNode)).toBe(errnoText('ENOENT'));
    expect(errnoText('ENOENT')).toBe('no such file or directory (ENOENT)');
  });

  it('of Node is a sentence for the user, with the path', () => {
    expect(messageOf(ofNode as Error)).toBe('cannot mkdir /proc/1/there-is-none/deeper: no such file or directory (ENOENT)');
    expect(messageOf(new EtherloomError('busy', 'taken'))).toBe('taken');
    expect(messageOf(new TypeError('a bug'))).toBe('a bug');
  });

  it('that is no system call has no symbolic name, and its message is the reason', () => {
    const aborted = Object.assign(new Error('it was aborted'), { code: 'ABORT_ERR' });
    expect(errnoOf(aborted)).toBeUndefined();
    expect(reasonOf(aborted)).toBe('it was aborted');
    expect(reasonOf('a text')).toBe('a text');
  });

  it('is for the user when it is one of ours or a system call failed', () => {
    expect([new EtherloomError('busy', 'taken'), ofNode].every(isForUser)).toBe(true);
    expect(isForUser(new TypeError('a bug'))).toBe(false);
  });
});

function catchError(work: () => void): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}
