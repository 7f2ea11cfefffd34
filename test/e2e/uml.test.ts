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
    const card = `eth0=daemon,,unix,${directory}/ctl`;
    const guests = [kit.boot(actor, card, { address: one, peer: two }), kit.boot(actor, card, { address: two, peer: one })];
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

  it('one on vec0:transport=bess,dst=PATH pings one on the switch, and its port goes with it', async (context) => {
    const actor = actAs(rights, context);
    const kit = new UmlKit(stage);
    chmodSync(stage.path(), 0o755);
    const [directory, socket] = [actor.path('sw'), actor.path('bess')];
    const words = ['switch', '--sock', directory, '--port', `bess://${socket}`];
    const ours = stage.start(actor.command([bin('etherloom'), ...words]), poisoned);
    await ours.line(/^ready$/);
    const [one, two] = ['10.9.2.1', '10.9.2.2'];
    const guests = [
      kit.boot(actor, `vec0:transport=bess,dst=${socket}`, { address: one, peer: two }),
      kit.boot(actor, `eth0=daemon,,unix,${directory}/ctl`, { address: two, peer: one }),
    ];
    await ours.line(/port \d+: bess/, { timeout: 60_000 });
    for (const guest of guests) {
      await guest.line(/20 packets transmitted, 20 packets received, 0% packet loss/, { timeout: 60_000 });
    }
    for (const guest of guests) guest.stdin.write('end\n');
    for (const guest of guests) expect(await guest.exit).toEqual({ status: 0, signal: null });
    await ours.line(/port \d+: bess .* is gone: the other side has closed the connection/);
  });
});
