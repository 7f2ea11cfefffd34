import { describe, expect, it } from 'vitest';
import { collect, dropped, Rig, sameFrames } from './rig.ts';
import { frame, freePort, openPort, packet, right, UdpPeer, usual } from './vxlan-stage.ts';

/** A group of hosts, an address of this machine, and the interface by which both are reached. */
export interface GroupPlace {
  readonly group: string;
  readonly host: string;
  readonly interface: string;
}

/** Tests ports in a group of hosts. */
export function worksInGroup({ group, host, interface: name }: GroupPlace): void {
  describe(`a VXLAN port in the group ${group}`, () => {
    it('sends floods to the group, other frames to the host of their station, and does not hear itself', async () => {
      const rig = new Rig();
      const at = freePort();
      const member = await UdpPeer.inGroup(group, at, name);
      const port = await openPort(rig, { local: host, listed: [{ host: group, port: at }], interface: name, port: at });
      const here = collect(port);
      rig.send(port, frame(9, 0), frame(9, 1));
      expect((await member.count(2)).map(({ payload }) => payload.subarray(8))).toEqual([frame(9, 0), frame(9, 1)]);
      const sender = await UdpPeer.at(host);
      sender.sendBy(name);
      await sender.send(packet(...right, frame(1, 0)), at, group);
      await here.count(1);
      expect(sameFrames(here.frames, [frame(1, 0)])).toBe(true);
      // Its host is this one: the frame comes back, as a packet to one host.
      rig.send(port, frame(9, 1));
      rig.send(port, frame(9, 0));
      await member.count(4);
      expect(member.received.map(({ payload }) => payload[13])).toEqual([255, 1, 255, 255]);
      expect(dropped(port.counters)).toBe(0);
    });

    it('shares its group with others of this machine, and its own address with none', async () => {
      const rig = new Rig();
      const at = freePort();
      const listed = [{ host: group, port: at }];
      await openPort(rig, { local: host, listed, interface: name, port: at });
      const other = await openPort(new Rig(), { local: host, listed: [{ host, port: at }], port: freePort() });
      expect(other.description).toBe(usual.name);
      await expect(UdpPeer.at(host, at)).rejects.toThrow(/EADDRINUSE/);
      await expect(UdpPeer.inGroup(group, at, name)).resolves.toBeDefined();
      await expect(openPort(rig, { local: host, listed, interface: 'no-such', port: at })).rejects.toThrow(/no-such/);
      const everywhere = freePort();
      await openPort(rig, { listed: [{ host: group, port: everywhere }], interface: name, port: everywhere });
      await expect(UdpPeer.at(host, everywhere)).rejects.toThrow(/EADDRINUSE/);
    });
  });
}
