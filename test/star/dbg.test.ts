import { it } from 'vitest';
import { ShortcutLab } from './shortcut-lab.ts';
it('x', async () => {
    const lab = new ShortcutLab(1);
    await lab.begin();
    for (const s of lab.sites) s.engine.events.subscribe((e)=>console.log(lab.time.now, s.node.name, JSON.stringify(e)));
    await lab.run(6000);
    for (const f of lab.traffic.flows) console.log(f.number, f.from.at?.node.name, f.from.mac.toString(16), f.to.at?.node.name, f.to.mac.toString(16), f.sent, f.last, f.direct);
    for (const s of lab.sites) { console.log(s.node.name, s.id, s.engine.peers().map(p=>p.id)); for (const p of s.node.bridge.ports()) console.log(p.number, p.up, JSON.stringify(Object.entries(p.counters.drops).filter(([,n])=>n>0))); }
});
