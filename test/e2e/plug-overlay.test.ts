import { describe, it } from 'vitest';
import { bin, freePort, useStage } from './stage.ts';

describe('vde_plug and an overlay', { timeout: 60_000 }, () => {
  const stage = useStage([]);

  it("join a switch to a network by VXLAN, in the form of VDE's plug", async () => {
    const port = await freePort();
    const overlay = `vxlan://127.0.0.1?vni=77&port=${port}&local=127.0.0.2`;
    await stage.etherloom('switch', '--sock', stage.path('far'), '--dhcp', '10.77.0.0/24', '--port', overlay);
    await stage.vdeSwitch('--nostdin', '-s', stage.path('near'));
    stage.start([bin('vde_plug'), stage.path('near'), `vxlan://127.0.0.2/vni=77/port=${port}/local=127.0.0.1`]);
    const station = await stage.etherloom('station', '--sock', stage.path('near'), '--id', '1');
    await station.line(/ready, 10\.77\.0\.\d+/);
  });
});
