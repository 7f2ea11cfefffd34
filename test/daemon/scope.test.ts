import { describe, expect, it } from 'vitest';
import { inScope, Scope } from '../../src/daemon/scope.ts';

describe('a scope', () => {
  it('releases in reverse order, what is disposable either way', async () => {
    const released: string[] = [];
    const scope = new Scope();
    scope.use({ [Symbol.dispose]: () => void released.push('sync') });
    scope.use({
      [Symbol.asyncDispose]: async () => {
        await Promise.resolve();
        released.push('async');
      },
    });
    scope.defer(() => released.push('deferred'));
    await scope[Symbol.asyncDispose]();
    expect(released).toEqual(['deferred', 'async', 'sync']);
  });

  it('releases each once', async () => {
    let released = 0;
    const scope = new Scope();
    scope.defer(() => released++);
    await scope[Symbol.asyncDispose]();
    await scope[Symbol.asyncDispose]();
    expect(released).toBe(1);
  });

  it('releases the others when one release fails, and tells of it', async () => {
    const released: string[] = [];
    const scope = new Scope();
    scope.defer(() => released.push('first'));
    scope.defer(() => {
      throw new Error('broken');
    });
    await expect(scope[Symbol.asyncDispose]()).rejects.toThrow('broken');
    expect(released).toEqual(['first']);
  });

  it('of an opening that fails is released, and the failure told', async () => {
    const released: string[] = [];
    const opening = inScope((scope) => {
      scope.defer(() => released.push('first'));
      return Promise.reject(new Error('no'));
    });
    await expect(opening).rejects.toThrow('no');
    expect(released).toEqual(['first']);
  });

  it('of an opening that succeeds is kept', async () => {
    const released: string[] = [];
    const opened = await inScope((scope) => {
      scope.defer(() => released.push('first'));
      return Promise.resolve(scope);
    });
    expect(released).toEqual([]);
    await opened[Symbol.asyncDispose]();
    expect(released).toEqual(['first']);
  });
});
