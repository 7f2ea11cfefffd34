import { chmodSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { actAs } from '../rights.ts';
import { bin, poisoned, useStage } from './stage.ts';
import { UmlKit, umlNeeds } from './uml.ts';

describe.each(['root', 'a user in two groups'] as const)('guests of User-mode Linux, run by %s', { timeout: 120_000 }, (rights) => {
  const stage = useStage(umlNeeds);

  it('two on eth0=daemon,,unix,DIR/ctl ping each other', async (context) => {
    const actor = actAs(rights, context);
    const kit = new UmlKit(stage);
    chmodSync(stage.path(), 0o755);
    const directory = actor.path('sw');
    const ours = stage.start(actor.command([bin('vde_switch'), '-s', directory, '--nostdin']), poisoned);
    await ours.line(/^ready$/);
    const [one, two] = ['10.9.1.1', '10.9.1.2'];
    const guests = [kit.boot(actor, directory, { address: one, peer: two }), kit.boot(actor, directory, { address: two, peer: one })];
    await ours.line(/port 2: unix prog/, { timeout: 60_000 });
    for (const guest of guests) {
      await guest.line(/has pinged/, { timeout: 60_000 });
      await guest.line(/20 packets transmitted, 20 packets received, 0% packet loss/, { timeout: 30_000 });
    }
    // A line has it power off, and its port goes with it.
    for (const guest of guests) guest.stdin.write('end\n');
    for (const guest of guests) expect(await guest.exit).toEqual({ status: 0, signal: null });
    for (const port of [1, 2]) await ours.line(new RegExp(`port ${port}: .* is gone`));
  });
});
