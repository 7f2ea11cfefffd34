/**
 * Coarse faults, each tried on all checks: name, file of the build, what is replaced, by what, and what that breaks. Every check catches
 * one of them, or a finer one.
 */
export const coarse = [
  [
    'never-starts',
    'cli/vde-switch.js',
    'const parsed = getopt(argv, vdeSwitchOptions);',
    'if (argv.length >= 0) return 3;\n    const parsed = getopt(argv, vdeSwitchOptions);',
    'it ends at once',
  ],
  ['answers-otherwise', 'management/status.js', 'String(errno)', 'String(errno + 1)', 'each command ends with the next higher status'],
  ['prints-otherwise', 'management/console.js', 'data.push(one)', "data.push(`${one}'`)", 'each line of data has an apostrophe at its end'],
  [
    'one-octet-more',
    'ports/datagram-port.js',
    'const sent = this.#backlog.count > 0 ? 0 : this.#send(frames);',
    'for (let i = 0; i < frames.length; i++) frames[i] = Buffer.concat([frames[i], Buffer.alloc(1)]);\n        const sent = this.#backlog.count > 0 ? 0 : this.#send(frames);',
    'each frame is longer by an octet',
  ],
  [
    'repeats-all',
    'switch/switch.js',
    'if (this.#hub) {\n            this.#repeat(',
    'if (!isForBridges(frame)) {\n            this.#repeat(',
    'it is a hub',
  ],
];
