/**
 * Coarse faults, each tried on all checks of its files: name, file of the build, what is replaced, by what, what that breaks, and the
 * beginnings of the names of those files. Every check catches one of them, or a finer one.
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
    'refuses-otherwise',
    'management/status.js',
    'String(errno)',
    'String(errno === 0 ? 0 : errno + 1)',
    'what fails ends with the next higher status',
    ['console'],
  ],
  [
    'succeeds-otherwise',
    'management/status.js',
    "[0, 'Success']",
    "[0, 'Succeeded']",
    'what succeeds is told in another word',
    ['console'],
  ],
  [
    'prints-otherwise',
    'management/console.js',
    'data.push(one)',
    "data.push(`${one}'`)",
    'each line of data has an apostrophe at its end',
    ['console'],
  ],
  [
    'tells-otherwise',
    'management/events.js',
    '${category.path} ${text}',
    '${category.path}  ${text}',
    'there are two blanks in each event',
    ['console'],
  ],
  [
    'one-octet-more',
    'ports/datagram-port.js',
    'const sent = this.#backlog.count > 0 ? 0 : this.#send(frames);',
    'for (let i = 0; i < frames.length; i++) frames[i] = Buffer.concat([frames[i], Buffer.alloc(1)]);\n        const sent = this.#backlog.count > 0 ? 0 : this.#send(frames);',
    'each frame is longer by an octet',
    [''],
  ],
  [
    'repeats-all',
    'switch/switch.js',
    'if (this.#hub) {\n            this.#repeat(',
    'if (!isForBridges(frame)) {\n            this.#repeat(',
    'it is a hub',
    [''],
  ],
];
