/**
 * Coarse faults: name, file of the build, what is replaced, by what, what that breaks, and which files are to catch it. Of others than the
 * coarse ones, which checks surely do, too.
 */
export const coarse = [
  [
    'never-starts',
    'cli/vde-switch.js',
    'const parsed = getopt(argv, vdeSwitchOptions);',
    'if (argv.length >= 0) return 3;\n    const parsed = getopt(argv, vdeSwitchOptions);',
    'it ends at once',
    [''],
  ],
  [
    'last-octet-flipped',
    'ports/datagram-port.js',
    'const sent = this.#backlog.count > 0 ? 0 : this.#send(frames);',
    'for (let i = 0; i < frames.length; i++) { frames[i] = Buffer.from(frames[i]); frames[i][frames[i].length - 1] ^= 1; }\n        const sent = this.#backlog.count > 0 ? 0 : this.#send(frames);',
    'the last octet of each frame is another one',
    ['frames', 'vlan', 'hub'],
  ],
];
