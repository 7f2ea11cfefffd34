import { mkdirSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { realClock } from '../../src/clock.ts';
import type { DataPlane } from '../../src/daemon/data-plane.ts';
import { StateDirectory } from '../../src/daemon/state-directory.ts';
import { SwitchService } from '../../src/daemon/switch-service.ts';
import { assert } from '../../src/errors.ts';
import { GroupSlave } from '../../src/launcher/group-slave.ts';
import { SlaveShortcuts } from '../../src/launcher/slave-shortcuts.ts';
import { StarLinks } from '../../src/launcher/star-links.ts';
import { quietLog } from '../../src/log.ts';
import { vdeFraming } from '../../src/ports/pure/frame-stream.ts';
import type { PortNumber } from '../../src/ports/pure/port.ts';
import { StreamDialer } from '../../src/ports/stream/stream-dialer.ts';
import { realRandom } from '../../src/random.ts';
import { parseInvitation } from '../../src/star/invitation.ts';
import type { Stage } from './stage.ts';

/** A member of a group with a client of its own, in the process of the test: it joins by a line as all do, and then sends any frame. */
export class HostileMember {
  readonly plane: DataPlane;
  readonly shortcuts: SlaveShortcuts;
  /** The port of its link. */
  readonly link: PortNumber;

  private constructor(plane: DataPlane, shortcuts: SlaveShortcuts, link: PortNumber) {
    this.plane = plane;
    this.shortcuts = shortcuts;
    this.link = link;
  }

  /** Joins by a line, until the test ends. */
  static async join(stage: Stage, name: string, line: string): Promise<HostileMember> {
    const directory = stage.path(`${name}.state`);
    mkdirSync(directory, { mode: 0o700 });
    const options = { directory: stage.path(name), trunk: true };
    const service = await SwitchService.open(options, { clock: realClock, random: realRandom, log: quietLog });
    onTestFinished(() => service[Symbol.asyncDispose]());
    const { plane } = service;
    const environment = { ...plane.environment, random: realRandom };
    const invitation = parseInvitation(line);
    const group = await GroupSlave.open({ join: { invitation, name } }, StateDirectory.open(directory), environment);
    onTestFinished(() => group[Symbol.asyncDispose]());
    const { engine, keys } = group;
    assert(keys, 'a slave that joins by a line has keys');
    const links = new StarLinks(plane, realClock);
    const shortcuts = await SlaveShortcuts.open({ engine, keys, plane, links, clock: realClock, random: realRandom }, {});
    onTestFinished(() => shortcuts[Symbol.dispose]());
    await group.admitted(new AbortController().signal);
    const { port } = new StreamDialer(group.link, { module: 'tls', framing: vdeFraming, awaitsGreeting: true }, environment);
    return new HostileMember(plane, shortcuts, links.add(port));
  }

  /** Sends frames by a port, past its own switch. */
  send(frames: readonly Uint8Array[], port = this.link): void {
    this.plane.breath(() => {
      for (const frame of frames) this.plane.send(port, frame);
    });
  }

  /** Returns the port of its shortcut to a member; undefined if it has none. */
  shortcutTo(id: number): PortNumber | undefined {
    const isOpen = this.shortcuts.list().some((one) => one.id === id);
    const port = [...this.plane.switch.ports()].find(({ number, vlans }) => vlans.shortcut && this.shortcuts.memberAt(number) === id);
    return isOpen ? port?.number : undefined;
  }
}
