// `npm run demo`. An old Node must be able to read this file: it gets one clear line, and nothing newer is loaded.
const needed = [20, 19];
const version = process.versions.node;
const [major, minor] = version.split('.').map(Number);

if (major < needed[0] || (major === needed[0] && minor < needed[1])) {
  console.error(`The demo needs Node ${needed.join('.')} or later, and this is Node ${version}: see https://nodejs.org/`);
  process.exit(1);
} else {
  import('./prepare.mjs')
    .then((preparation) => preparation.prepare())
    .then(() => import('../build/commands/etherloom.cjs'))
    .then((cli) => cli.runEtherloom([process.execPath, 'etherloom', 'demo'].concat(process.argv.slice(2))).then(cli.leave));
}
