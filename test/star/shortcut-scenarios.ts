import { ShortcutLab, type LabParts, type Site } from './shortcut-lab.ts';

/** Returns the first fault that a lab finds in so many runs with joins, cuts, kicks, hiccups and moves at random. */
export async function faultAtRandom(parts: LabParts, seeds: number, first = 1): Promise<string | undefined> {
  for (let seed = first; seed < first + seeds; seed++) {
    const lab = new ShortcutLab(seed, parts);
    await lab.begin();
    await lab.run(3000);
    for (let round = 0; round < 20 && lab.traffic.faults.length === 0; round++) {
      lab.disturb();
      await lab.run(300 + (lab.random.uint32() % 3000));
    }
    await lab.run(15_000);
    if (lab.traffic.faults.length > 0) return `seed ${seed}, ${lab.traffic.faults.join(', ')}\n${lab.story.join('\n')}`;
  }
  return undefined;
}

/** Returns the fault after a kick: the other slaves end their shortcuts to that member at once. */
export async function faultAfterKick(parts: LabParts): Promise<string | undefined> {
  const { lab, kicked } = await begun(parts);
  kicked.staysDeaf = true;
  void lab.kick(kicked);
  await lab.run(5000);
  return endOf(lab, kicked);
}

/** Returns the fault after a kick of which one slave is not told, since it is cut from the master: its shortcuts end 10 s after that at the latest. */
export async function faultAfterCut(parts: LabParts, isSilent: boolean): Promise<string | undefined> {
  const { lab, kicked, other } = await begun(parts);
  lab.cutMaster(other, isSilent, 30_000);
  await lab.run(100);
  kicked.staysDeaf = true;
  void lab.kick(kicked);
  await lab.run(13_000);
  return endOf(lab, other);
}

/** Starts a lab whose slaves all have shortcuts to each other. */
async function begun(parts: LabParts): Promise<{ readonly lab: ShortcutLab; readonly kicked: Site; readonly other: Site }> {
  const lab = new ShortcutLab(1, parts);
  await lab.begin();
  await lab.run(4000);
  const [kicked, other] = lab.sites;
  if (!kicked || !other || kicked.engine.peers().length < 3) throw new Error('there are no shortcuts');
  return { lab, kicked, other };
}

/** Returns the fault that was found, or the shortcuts that a site still has. */
function endOf(lab: ShortcutLab, site: Site): string | undefined {
  const left = site.engine.peers().map(({ id }) => id);
  return lab.traffic.faults[0] ?? (left.length > 0 ? `${site.node.name} has shortcuts to ${left.join(', ')}` : undefined);
}
