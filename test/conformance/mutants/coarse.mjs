/**
 * Coarse faults: name, file of the build, what is replaced, by what, what that breaks, which files are to catch it, and, for others than the coarse ones, which checks.
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
    ['frames', 'vlan', 'hub', 'fstp', 'crossing', 'fdb', 'ports', 'lifecycle', 'requests'],
  ],
  [
    'reply-too-short',
    'ports/vde-control.js',
    'octets.write(path, 2, pathSize - 1);\n    return octets;\n}\nfunction request(',
    'octets.write(path, 2, pathSize - 1);\n    return octets.subarray(1);\n}\nfunction request(',
    'the reply has 109 octets',
    ['requests', 'ports', 'lifecycle', 'signals', 'daemon', 'options', 'layout'],
  ],
  ['wrong-banner', 'management/menus/general.js', 'VDE switch V.', 'VDE switch v.', 'the banner is of another version', ['console']],
  ['wrong-prompt', 'management/console-session.js', "'\\nvde$ '", "'vde$ '", 'the prompt has no line before it', ['console']],
  ['wrong-status', 'management/status.js', 'return `1${', 'return `2${', 'replies end with another digit', ['console']],
];
