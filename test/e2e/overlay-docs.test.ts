import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OpenVswitch, ovsNeeds } from './open-vswitch.ts';
import { Network, overlayNeeds } from './overlay-rig.ts';
import { namespaceFlags } from './peers.ts';
import { bin, poisoned, until, useStage } from './stage.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/overlays.md'), 'utf8');

/** The sections with examples for both sides: ours is the first, the peer's the second. */
const sections = page
  .split(/^## /m)
  .map((text) => ({
    title: text.slice(0, text.indexOf('\n')),
    examples: [...text.matchAll(/^```bash\n(.*?)^```/gms)].map(([, lines = '']) => lines.trim().split('\n')),
  }))
  .filter(({ examples }) => examples.length > 0);

describe('the examples of docs/overlays.md', { timeout: 60_000 }, () => {
  const stage = useStage(['namespaces', ...overlayNeeds, ...ovsNeeds]);

  it('are for each peer that is installed here', () => {
    expect(sections.map(({ title }) => title)).toEqual(['Linux: VXLAN', 'Open vSwitch: VXLAN', 'Open vSwitch: GRE']);
  });

  it.each(sections)('join both sides: $title', async ({ title, examples: [ours = [], theirs = []] }) => {
    const network = await Network.open(stage, namespaceFlags());
    const [our, their] = [network.first, await network.add()];
    await network.cable([our, 'eth0', '192.0.2.1/24'], [their, 'eth0', '192.0.2.2/24']);
    if (title.startsWith('Open vSwitch')) await OpenVswitch.open(stage, their);
    for (const line of theirs) {
      const { status, text } = await their.run(['sh', '-c', line], { env: { OVS_RUNDIR: stage.path('ovs') } });
      expect(status, `${line}: ${text}`).toBe(0);
    }
    const home = `cd ${stage.path()} && PATH=${join(bin('etherloom'), '..')}:$PATH`;
    for (const line of ours) {
      if (line.startsWith('etherloom switch')) await our.start(['sh', '-c', `${home} exec ${line}`], poisoned).line(/^ready$/);
      else await our.sh(line);
    }
    // Open vSwitch loses a frame while it asks for the MAC address of the other side.
    await until('the peer answers', async () => (await our.run(['ping', '-c', '1', '-W', '1', '10.7.0.2'])).status === 0);
    await our.pings('10.7.0.2', { octets: 1_400 });
  });
});
