import { readFileSync } from 'node:fs';

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

/**
 * Stands before each command, before its packages are loaded: those are not there, or find no system calls of Linux, on another system. A
 * message on a pipe is lost if it is not written at once.
 */
const needsLinux = `if (process.platform !== 'linux') {
  const name = require('node:path').basename(process.argv[1] ?? 'etherloom');
  const remedy = 'run it in a Linux machine or container (on Windows: WSL)';
  require('node:fs').writeSync(2, \`\${name}: this command needs Linux and cannot run on \${process.platform}; \${remedy}\\n\`);
  process.exit(1);
}`;

export default [
  ...commands.map((name) => bundle(name, `build/cli/${starters[name] ?? name}.js`, { format: 'cjs', extension: 'cjs' })),
  // A program of its own, which is started by its path.
  bundle('waker-thread', 'build/system/waker-thread.js', { format: 'esm', extension: 'js' }),
  // What a page has in it.
  {
    input: { browser: 'src/page/browser/open.ts' },
    platform: 'browser',
    tsconfig: false,
    plugins: [copied('src/page/browser/style.css', 'browser.css')],
    output: { dir: 'build/page', format: 'iife', entryFileNames: '[name].js', minify: true },
  },
];

function copied(path, fileName) {
  return {
    name: 'copied',
    generateBundle() {
      this.emitFile({ type: 'asset', fileName, source: readFileSync(path, 'utf8') });
    },
  };
}

/** What is shared with other commands is in each of them: a file less to load. */
function bundle(name, input, { format, extension }) {
  return {
    input: { [name]: input },
    platform: 'node',
    // Packages stay where they are.
    external: /^(?![./])/,
    output: {
      dir: 'build/commands',
      format,
      entryFileNames: `[name].${extension}`,
      chunkFileNames: `${name}.[name].${extension}`,
      ...(format === 'cjs' && { banner: ({ isEntry }) => (isEntry ? needsLinux : '') }),
    },
  };
}
