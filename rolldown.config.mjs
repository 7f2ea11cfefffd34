// Makes each command a few files, in the elder format: to load a hundred modules takes longer than all else that it does when it starts.
const commands = [
  'dpipe',
  'etherloom',
  'slirpvde',
  'unixterm',
  'vde-autolink',
  'vde-plug',
  'vde-plug2tap',
  'vde-switch',
  'vdecmd',
  'vdeterm',
  'wirefilter',
];

/** Those that do something before they load their packages. */
const starters = { etherloom: 'etherloom-start' };

export default [
  ...commands.map((name) => bundle(name, `build/cli/${starters[name] ?? name}.js`, { format: 'cjs', extension: 'cjs' })),
  // A program of its own, which is started by its path.
  bundle('waker-thread', 'build/system/waker-thread.js', { format: 'esm', extension: 'js' }),
];

/** What is shared with other commands is in each of them: a file less to load. */
function bundle(name, input, { format, extension }) {
  return {
    input: { [name]: input },
    platform: 'node',
    // Packages stay where they are.
    external: /^(?![./])/,
    output: { dir: 'build/commands', format, entryFileNames: `[name].${extension}`, chunkFileNames: `${name}.[name].${extension}` },
  };
}
