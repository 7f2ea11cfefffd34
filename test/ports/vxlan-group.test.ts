import { beforeEach } from 'vitest';
import { ip, useNetworkNamespace } from './tap-stage.ts';
import { worksInGroup } from './vxlan-group.ts';

// The loopback carries no IPv6 groups.
useNetworkNamespace();

let isSetUp = false;

// Runs only in a namespace of the test's own: where there is none, the tests are skipped before this.
beforeEach(() => {
  if (isSetUp) return;
  isSetUp = true;
  ip('link', 'set', 'lo', 'up');
  ip('link', 'add', 'near', 'type', 'veth', 'peer', 'name', 'far');
  ip('address', 'add', 'fd00:7::1/64', 'dev', 'near', 'nodad');
  for (const end of ['near', 'far']) ip('link', 'set', end, 'up');
});

worksInGroup({ group: 'ff05::7707', host: 'fd00:7::1', interface: 'near' });
