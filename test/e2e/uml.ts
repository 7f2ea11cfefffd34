import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeCpio, type CpioEntry } from '../../src/launcher/guest/cpio.ts';
import type { Actor } from '../rights.ts';
import type { Running } from './running.ts';
import type { Stage } from './stage.ts';

/** The needs of a guest of User-mode Linux: the kernel, the programs in it, and a compiler for its requirements on newer processors. */
export const umlNeeds = ['linux.uml', 'busybox', 'ldd', 'gcc'];

/** The guest's init: it has an address, pings the other guest until that answers, says so, and powers off at a line of input. */
const init = `#!/bin/busybox sh
busybox() { /bin/busybox "$@"; }
busybox mkdir /proc
busybox mount -t proc proc /proc
busybox ifconfig $card $address netmask 255.255.255.0 up
until busybox ping -c 1 -W 1 $peer >/dev/null 2>&1; do :; done
echo "$address has pinged $peer"
busybox ping -c 20 -i 0.05 -s 1400 $peer
read line
busybox poweroff -f
`;

/** Makes what guests boot from, once for all of a stage's. */
export class UmlKit {
  readonly #stage: Stage;

  constructor(stage: Stage) {
    this.#stage = stage;
    mkdirSync(stage.path(), { recursive: true });
    writeFileSync(stage.path('initrd'), initrd());
    const source = join(import.meta.dirname, 'uml-regset.c');
    const { status, stderr } = spawnSync('gcc', ['-O1', '-shared', '-fPIC', '-o', stage.path('regset.so'), source, '-ldl'], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`gcc: ${stderr}`);
  }

  /** Boots a guest with a network card, in the words of its kernel, by the actor's rights: `eth0=daemon,,unix,DIR/ctl`. */
  boot(actor: Actor, card: string, { address, peer }: { readonly address: string; readonly peer: string }): Running {
    const arguments_ = [
      'mem=64M',
      'quiet',
      'loglevel=1',
      'con=null',
      'con0=fd:0,fd:1',
      `initrd=${this.#stage.path('initrd')}`,
      'rdinit=/init',
      card,
      `card=${/^\w+/.exec(card)?.[0] ?? ''}`,
      `address=${address}`,
      `peer=${peer}`,
    ];
    return this.#stage.start(actor.command(['env', `LD_PRELOAD=${this.#stage.path('regset.so')}`, 'linux.uml', ...arguments_]));
  }
}

/** Returns an archive with busybox, the libraries that it is linked with, and the init. */
function initrd(): Uint8Array {
  const busybox = spawnSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).stdout.trim();
  const libraries = spawnSync('ldd', [busybox], { encoding: 'utf8' }).stdout.match(/\/\S+/g) ?? [];
  const file = (path: string, contents: Uint8Array): CpioEntry => ({ kind: 'file', path, mode: 0o755, contents });
  const files = [
    file('bin/busybox', readFileSync(busybox)),
    ...libraries.map((path) => file(path.slice(1), readFileSync(path))),
    file('init', Buffer.from(init)),
  ];
  const directories = new Set(['dev', ...files.flatMap(({ path }) => parentsOf(path))]);
  return encodeCpio([
    ...[...directories].sort().map((path): CpioEntry => ({ kind: 'directory', path, mode: 0o755 })),
    { kind: 'character-device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 },
    { kind: 'character-device', path: 'dev/null', mode: 0o666, major: 1, minor: 3 },
    ...files,
  ]);
}

/** `a/b/c` has the parents `a` and `a/b`. */
function parentsOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
}
