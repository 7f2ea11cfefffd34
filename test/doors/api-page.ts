import { doors, readMainExports } from './main-exports.ts';

/** Returns docs/api.md: the main exports of each door with their examples. */
export function apiPage(): string {
  const main = readMainExports();
  const sections = Array.from(doors().keys(), (door) => {
    const own = main.filter((one) => one.door === door);
    const parts = own.map(
      ({ name, text, example, file }) => `### ${name}\n\n${text}\n\n\`\`\`ts\n${example}\`\`\`\n\n[${file}](../${file})\n`,
    );
    return [`## ${door}\n`, ...parts].join('\n');
  });
  return `${head}\n${sections.join('\n')}`;
}

const head = `# The programming interface

The doors of the package, with an example for each of their main exports. Every example is compiled in strict mode and run by a test. This page is
made from the doc comments by \`npm run api\`, which also writes the complete reference, with all exports, types and members, to \`build/api/index.html\`.

The examples say \`using\` and \`await using\`, which TypeScript 5.2 and Node 24 understand. Elsewhere call \`[Symbol.dispose]()\`, or await
\`[Symbol.asyncDispose]()\`, at the end.
`;
