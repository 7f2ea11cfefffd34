import { describe, expect, it } from 'vitest';
import { reasonOfDeath } from '../../../src/launcher/guest/guest-death.ts';

const death = { booted: true, shutdown: '', ending: 'QEMU ended with status 1', lastLines: [] };

describe('why a guest ended', () => {
  it('is what its kernel said when it panicked', () => {
    const lastLines = ['[   10.9] Kernel panic - not syncing: Out of memory: compulsory panic_on_oom is enabled', '[   10.9]  </TASK>'];
    expect(reasonOfDeath({ ...death, shutdown: 'guest-reset', lastLines })).toBe(
      'its kernel panicked: Out of memory: compulsory panic_on_oom is enabled',
    );
    const marked = ['[    1.2] ---[ end Kernel panic - not syncing: No working init found. ]---'];
    expect(reasonOfDeath({ ...death, booted: false, lastLines: marked })).toBe(
      'its kernel panicked: No working init found.; if it has too little memory, give it more with --memory',
    );
  });

  it('is that it never came to its first process, and what may help', () => {
    expect(reasonOfDeath({ ...death, booted: false, shutdown: 'guest-reset' })).toBe(
      'the guest ended before its first process ran (guest-reset); if it has too little memory, give it more with --memory',
    );
  });

  it('is its own shutdown, else how QEMU ended', () => {
    expect(reasonOfDeath({ ...death, shutdown: 'guest-shutdown' })).toBe('the guest ended itself (guest-shutdown)');
    expect(reasonOfDeath(death)).toBe('QEMU ended with status 1');
    expect(reasonOfDeath({ ...death, ending: '' })).toBe('QEMU is gone');
  });
});
