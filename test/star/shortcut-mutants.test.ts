import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import type { ShortcutEngine } from '../../src/star/shortcut-engine.ts';
import type { Switch } from '../../src/switch/switch.ts';
import { MutantLoader, type Mutant } from '../mutant-loader.ts';
import { faultAfterLoss, letsNothingHostileThrough, sharesNoBounds } from '../switch/shortcut-losses.ts';
import { dropsLateFrames, leavesMoved, leavesSilent } from '../switch/shortcut-pair.ts';
import type { LabParts } from './shortcut-lab.ts';
import { faultAfterCut, faultAfterKick, faultAtRandom } from './shortcut-scenarios.ts';

/** The most runs in which a fault must be found. */
const mostSeeds = 40;

const mutants: readonly Mutant[] = [
  mutant(
    'held frames follow the later ones',
    'ShortcutFlows.route',
    "if (flow?.state === 'holding') return this.#hold(flow, ingress, frame) ? '…' : found;",
    "if (flow?.state === 'holding') return found;",
  ),
  mutant('no gates', 'ShortcutGates.admits', 'gate?.port === port && gate.isOpen', 'true'),
  mutant(
    'frames from the uplink close no gate',
    'Shortcuts.#takes',
    'this.#close({ vid, destination: destinationOf(frame), source: sourceOf(frame) }, decoded && this.#links.to(decoded.sender));',
    '',
  ),
  mutant('shortcuts lead to the uplink', 'Shortcuts.#isLocal', 'port !== this.uplink && !port.vlans.shortcut &&', ''),
  mutant('shortcuts carry broadcasts', 'PortVlans.has', '!this.shortcut &&', ''),
  mutant('stations are learned at shortcuts', 'Switch.#receiveByShortcut', 'this.shortcuts.home', 'ingress'),
  mutant('silent shortcuts stay', 'ShortcutLinks.pulse', 'peer.silent > mostSilent', 'peer.silent > 20'),
  mutant('frames about shortcuts reach stations', 'Shortcuts.#takes', 'return decoded !== undefined;', 'return false;'),
  mutant(
    'frames are held for ever',
    'ShortcutFlows.#begin',
    'flow.timer = this.#doors.clock.after(flowBounds.holdTime, () => this.#doors.breath(() => this.#fail(flow)));',
    '',
  ),
  mutant(
    'flows stay though the far end drops their frames',
    'ShortcutFlows.closed',
    "if (target?.port === port && flow?.state === '…') this.#fail(flow);",
    '',
  ),
  mutant('flows stay when a shortcut ends', 'Shortcuts.end', 'this.#breath(() => this.#flows.end(port));', ''),
];

const silent: readonly Mutant[] = [
  mutant('silent stations are vouched for', 'Shortcuts.#isHere', 'found.age < freshness', 'true'),
  mutant(
    'flows stay though their station has gone',
    'Shortcuts.#take',
    "else if (kind === 'gone') this.#flows.forget(vid, destination, port);",
    '',
  ),
  mutant('stations that have gone are not told', 'Shortcuts.#lookAround', '!this.#isHere(vid, mac) &&', 'false &&'),
];

const moved = mutant(
  'flows stay though their station is heard by the uplink',
  'Shortcuts.#close',
  'this.#flows.forget(vid, source, port);',
  '',
);

const members: readonly Mutant[] = [
  mutant('barred keys keep their shortcuts', 'ShortcutEngine.take', "if (message.type === 'barred') this.#endKey(message.key, '…');", ''),
  mutant('shortcuts without a master stay', 'ShortcutEngine.#beOrphan', "this.#leave('…');", ''),
];

const slow: readonly Mutant[] = [
  mutant('any go opens', 'ShortcutGates.open', 'gate.nonce !== nonce', 'false'),
  mutant('gates open at the marker', 'ShortcutGates.prepare', 'isOpen: false', 'isOpen: true'),
];

const lost: readonly Mutant[] = [
  mutant('gates wait for a lost go for ever', 'gateBounds', 'goTime: 1000', 'goTime: Infinity'),
  // In the lab such a flow soon returns to the uplink, and frames may be lost.
  mutant('frames are not held', 'ShortcutFlows.#begin', "flow.state = '…';", "flow.state = 'direct'; return false;"),
];

const bounds: readonly Mutant[] = [
  mutant(
    'markers in the name of another are kept',
    'ShortcutGates.prepare',
    'if (oldest && prepared.size >= gateBounds.prepared) this.#remove(oldest);',
    'if (oldest && prepared.size >= gateBounds.prepared) return false;',
  ),
  mutant(
    'shortcuts share their bounds',
    'ShortcutGates.#side',
    'const known = this.#sides.get(port);',
    'const [known] = this.#sides.values();',
  ),
];

const hostile: readonly Mutant[] = [
  mutant('the guard is not asked', 'Shortcuts.judge', 'if (refusal) return refusal;', ''),
  mutant(
    'groups are let through',
    'Shortcuts.judge',
    "if (hasGroupDestination(frame)) return '…';",
    'if (hasGroupDestination(frame)) return vid;',
  ),
];

function mutant(name: string, at: string, code: string, fault: string): Mutant {
  return { name, at, code, fault };
}

const loader = new MutantLoader(['switch/switch.ts', 'star/shortcut-engine.ts']);

async function partsOf(name: string, one?: Mutant): Promise<Required<Pick<LabParts, 'Switch' | 'ShortcutEngine'>>> {
  const path = loader.copy(name, one);
  const load = (file: string): Promise<unknown> => import(/* @vite-ignore */ pathToFileURL(path(file)).href);
  const bridge = (await load('switch/switch.ts')) as { readonly Switch: typeof Switch };
  const engine = (await load('star/shortcut-engine.ts')) as { readonly ShortcutEngine: typeof ShortcutEngine };
  return { Switch: bridge.Switch, ShortcutEngine: engine.ShortcutEngine };
}

it('the copy without a fault passes', { timeout: 60_000 }, async () => {
  expect(await faultAtRandom(await partsOf('none'), 3)).toBeUndefined();
});

it('the copy without a fault drops late frames', async () => {
  expect(dropsLateFrames((await partsOf('none')).Switch)).toBe(true);
});

// In the lab a shortcut that is slow enough for these has ended before a flow changes again.
it.each(slow)('a fault is caught: $name', async (one) => {
  expect(dropsLateFrames((await partsOf(`slow ${slow.indexOf(one)}`, one)).Switch)).toBe(false);
});

it('the copy without a fault leaves silent stations to the uplink', async () => {
  expect(leavesSilent((await partsOf('none')).Switch)).toBe(true);
});

// In the lab the master's floods tell the old switch of a station that has moved, too.
it.each(silent)('a fault is caught: $name', async (one) => {
  expect(leavesSilent((await partsOf(`silent ${silent.indexOf(one)}`, one)).Switch)).toBe(false);
});

it('the copy without a fault leaves stations that have moved to the uplink', async () => {
  expect(leavesMoved((await partsOf('none')).Switch)).toBe(true);
});

// In the lab the far end also drops the frames of such flows, and says so.
it(`a fault is caught: ${moved.name}`, async () => {
  expect(leavesMoved((await partsOf('moved', moved)).Switch)).toBe(false);
});

it('the copy without a fault forwards again after a lost go, shares no bounds and lets nothing hostile through', async () => {
  const { Switch: kind } = await partsOf('none');
  expect(faultAfterLoss(kind, ({ kind: lostKind }) => lostKind === 'go', false)).toBeUndefined();
  expect([sharesNoBounds(kind, 1), sharesNoBounds(kind, 3), letsNothingHostileThrough(kind)]).toEqual([true, true, true]);
});

it.each(lost)('a fault is caught: $name', async (one) => {
  const { Switch: kind } = await partsOf(`lost ${lost.indexOf(one)}`, one);
  expect(faultAfterLoss(kind, ({ kind: lostKind }) => lostKind === 'go', false)).toBeDefined();
});

it.each(bounds)('a fault is caught: $name', async (one) => {
  const { Switch: kind } = await partsOf(`bounds ${bounds.indexOf(one)}`, one);
  expect(sharesNoBounds(kind, 1) && sharesNoBounds(kind, 3)).toBe(false);
});

it.each(hostile)('a fault is caught: $name', async (one) => {
  expect(letsNothingHostileThrough((await partsOf(`hostile ${hostile.indexOf(one)}`, one)).Switch)).toBe(false);
});

it.each(members)('a fault is caught: $name', async (one) => {
  const parts = await partsOf(`members ${members.indexOf(one)}`, one);
  expect((await faultAfterKick(parts)) ?? (await faultAfterCut(parts, false))).toBeDefined();
});

it.each(mutants)('a fault is caught: $name', { timeout: 120_000 }, async (one) => {
  const fault = await faultAtRandom(await partsOf(`${mutants.indexOf(one)}`, one), mostSeeds);
  expect(fault).toBeDefined();
});
