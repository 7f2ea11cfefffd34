import { describe, expect, it, onTestFinished } from 'vitest';
import { Feed } from '../../src/feed.ts';
import { PlainGuards } from '../../src/launcher/plain-guards.ts';
import { vdeFraming } from '../../src/ports/pure/frame-stream.ts';
import { StreamPort } from '../../src/ports/stream/stream-port.ts';
import type { GroupEvent } from '../../src/star/group-event.ts';
import type { PlainLinkChange } from '../../src/star/node/incoming-links.ts';
import { ManualClock } from '../manual-clock.ts';
import { Rig } from '../ports/rig.ts';

const options = { module: 'tcp', description: 'a link', framing: vdeFraming };

/** Guards by hand: members with the letter `p` in their key are plain. */
function rig(members: readonly { readonly id: number; readonly plain?: true; readonly from?: string }[] = []) {
  const [events, changes] = [new Feed<GroupEvent>(), new Feed<PlainLinkChange>()];
  const names = new Map<StreamPort, string>();
  const said: string[] = [];
  const member = (key: string): { plain?: true } => (key.includes('p') ? { plain: true } : {});
  const guards = new PlainGuards({
    engine: { events, members: () => members, member },
    changes,
    guard: (port, ids) => void said.push(`${names.get(port) ?? ''}: ${ids.join(' ')}`),
  });
  onTestFinished(() => guards[Symbol.dispose]());
  const joined = (id: number, key: string, from: string): void =>
    events.emit({ type: 'joined', id, name: `node-${id}`, key, from, first: false });
  const gone = (id: number, type: 'kicked' | 'left'): void => events.emit({ type, id, name: `node-${id}`, key: 'p' });
  const link = (name: string, from: string, id?: number): ((linked: boolean) => void) => {
    const port = new StreamPort(options, new Rig(new ManualClock()).environment, { lost: () => undefined, released: () => undefined });
    names.set(port, name);
    return (linked) => changes.emit({ from, id, linked, port });
  };
  return { said, joined, gone, link };
}

describe('the guards of plain links', () => {
  it('hold a link to the members of its host, those of an earlier process of the master too', () => {
    const { said, link } = rig([
      { id: 1, plain: true, from: '192.0.2.1' },
      { id: 2, plain: true, from: '192.0.2.1' },
      { id: 3, from: '192.0.2.1' },
      { id: 4, plain: true },
    ]);
    link('a', '192.0.2.1:5000')(true);
    link('b', '192.0.2.9:5000')(true);
    expect(said).toEqual(['a: 1 2']);
  });

  it('follow the members that join later, and those that come from another host', () => {
    const { said, joined, link } = rig();
    link('a', '[2001:db8::1]:5000')(true);
    const gone = link('b', '[2001:db8::1]:5001');
    gone(true);
    gone(false);
    joined(3, 'k', '[2001:db8::1]:6000');
    expect(said).toEqual([]);
    joined(1, 'p', '[2001:db8::1]:6000');
    joined(1, 'p', '[2001:db8::1]:6001');
    joined(2, 'pp', '[2001:db8::1]:6002');
    expect(said.splice(0)).toEqual(['a: 1', 'a: 1 2']);
    joined(1, 'p', '192.0.2.1:6000');
    link('c', '[2001:db8::1]:5002')(true);
    link('d', '192.0.2.1:5002')(true);
    expect(said).toEqual(['c: 2', 'd: 1']);
  });

  it('hold a link at a port of its own to the member of that, wherever it comes from', () => {
    const { said, link } = rig([{ id: 1, plain: true, from: '192.0.2.1' }]);
    link('a', '192.0.2.1:5000', 7)(true);
    expect(said).toEqual(['a: 7']);
  });

  it('forget members that have gone for good', () => {
    const { said, joined, gone, link } = rig();
    joined(1, 'p', '192.0.2.1:6000');
    joined(2, 'pp', '192.0.2.1:6001');
    gone(1, 'kicked');
    link('a', '192.0.2.1:5000')(true);
    gone(2, 'left');
    link('b', '192.0.2.1:5001')(true);
    expect(said).toEqual(['a: 2']);
  });
});
