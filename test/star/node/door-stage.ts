import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Clock } from '../../../src/clock.ts';
import type { Caller, ControlChannel, LinkVerdict } from '../../../src/star/channel.ts';
import type { Fingerprint } from '../../../src/star/fingerprint.ts';
import { macOfId } from '../../../src/star/identity.ts';
import type { DialMeans } from '../../../src/star/node/dial-master.ts';
import { newIdentity, type Identity } from '../../../src/star/node/identity-files.ts';
import { StarDoor, type StarDoorOptions } from '../../../src/star/node/star-door.ts';
import { TlsSecurity } from '../../../src/star/node/tls-security.ts';
import type { JoinMessage, Welcome } from '../../../src/star/messages.ts';
import { parseIpv4Network } from '../../../src/wire/ipv4.ts';
import { Ports, Rig, using } from '../../ports/rig.ts';

/** A control connection that came in at a door, as an engine sees it. */
export interface TakenControl {
  readonly caller: Caller;
  readonly channel: ControlChannel;
  readonly messages: JoinMessage[];
  heard: number;
  closed: string | undefined;
}

/** A door whose engine knows members by their keys, and welcomes each that says hello. */
export class DoorStage {
  readonly rig: Rig;
  readonly ports = new Ports();
  readonly identity: Identity;
  readonly door: StarDoor;
  /** The ids of members. */
  readonly members: Map<Fingerprint, number>;
  readonly controls: TakenControl[];

  private constructor(
    rig: Rig,
    identity: Identity,
    door: StarDoor,
    members: Map<Fingerprint, number>,
    controls: TakenControl[],
    ports: Ports,
  ) {
    this.rig = rig;
    this.identity = identity;
    this.door = door;
    this.members = members;
    this.controls = controls;
    this.ports = ports;
  }

  /** Opens a door with a key of its own, unless another is given. */
  static async open(options: Partial<StarDoorOptions> = {}, clock?: Clock, given?: Identity): Promise<DoorStage> {
    const rig = new Rig(clock);
    const identity = given ?? (await newIdentity());
    const security = new TlsSecurity(identity, rig.environment);
    const members = new Map<Fingerprint, number>();
    const controls: TakenControl[] = [];
    const ports = new Ports();
    const door = using(
      await StarDoor.open(
        {
          listen: { host: '127.0.0.1', port: 0 },
          security,
          plain: { anyone: false, ownerOf: () => undefined },
          admit: (key): LinkVerdict => {
            const id = members.get(key);
            return id === undefined ? { admit: false, reason: 'the group does not know it' } : { admit: true, id, name: `host-${id}` };
          },
          control: (caller, channel) => {
            const control: TakenControl = { caller, channel, messages: [], heard: 0, closed: undefined };
            controls.push(control);
            return {
              heard: () => {
                control.heard++;
              },
              message: (message) => {
                control.messages.push(message);
                if (message.type === 'hello') channel.send(welcome(1));
              },
              closed: (reason) => (control.closed = reason),
            };
          },
          acceptor: ports,
          ...options,
        },
        rig.environment,
      ),
    );
    return new DoorStage(rig, identity, door, members, controls, ports);
  }

  /** Returns the place of the door, `HOST:PORT`. */
  get place(): string {
    return `127.0.0.1:${this.door.port}`;
  }

  /** Returns the means of a new member with that id. */
  async member(id: number): Promise<{ readonly identity: Identity; readonly means: DialMeans }> {
    const node = await this.stranger();
    this.members.set(node.identity.fingerprint, id);
    return node;
  }

  /** Returns the means of a node with a key of its own. */
  async stranger(): Promise<{ readonly identity: Identity; readonly means: DialMeans }> {
    const identity = await newIdentity();
    const { environment } = this.rig;
    const security = new TlsSecurity(identity, environment);
    return { identity, means: { security: () => security, environment } };
  }

  /** Returns a plain connection to the door. */
  async plain(port = this.door.port, localAddress?: string): Promise<PlainEnd> {
    const socket = connect({ port, host: '127.0.0.1', ...(localAddress !== undefined && { localAddress }) });
    const end = new PlainEnd(socket);
    await once(socket, 'connect');
    return end;
  }
}

/** The far end of a plain connection, by hand. */
export class PlainEnd {
  readonly socket: Socket;
  /** The octets that came so far. */
  octets = Buffer.alloc(0);
  /** Resolves when the connection has ended. */
  readonly closed: Promise<unknown>;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      this.octets = Buffer.concat([this.octets, chunk]);
    });
    this.closed = new Promise((resolve) => socket.once('close', resolve));
    onTestFinished(() => void socket.destroy());
  }

  /** The lines that came so far, each as its object. */
  get lines(): readonly unknown[] {
    return this.octets
      .toString()
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as unknown);
  }
}

/** Returns the welcome of a slave with that id. */
export function welcome(id: number): Welcome {
  const network = parseIpv4Network('10.77.0.0/24');
  if (!network) throw new Error('a network');
  return { type: 'welcome', id, mac: macOfId(id), network, mtu: 1500, linkPort: 7378 };
}
