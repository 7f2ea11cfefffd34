import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiPage } from '../doors/api-page.ts';
import { doors, readMainExports, root } from '../doors/main-exports.ts';

const examples = readMainExports().map((one) => ({ ...one, title: `${one.door} ${one.name}` }));

/** A directory of the package, where `etherloom/…` is the build. */
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(root, 'test/doors/run-'));
  examples.forEach(({ example }, n) => writeFileSync(join(directory, `${n}.ts`), example));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Returns the mistakes that the compiler finds in all examples, with all of its checks. */
function mistakes(): string[] {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
    module: ts.ModuleKind.NodeNext,
    types: ['node'],
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    noEmit: true,
  };
  const program = ts.createProgram(
    examples.map((_, n) => join(directory, `${n}.ts`)),
    options,
  );
  return ts.getPreEmitDiagnostics(program).map(({ file, start = 0, messageText }) => {
    const title = examples[Number.parseInt(file?.fileName.split('/').at(-1) ?? '')]?.title ?? file?.fileName;
    const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1;
    return `${title}:${line} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}

/** Runs an example, with `using` in the form that every Node has. */
async function run(n: number): Promise<{ status: number | null; output: string }> {
  const { outputText } = ts.transpileModule(examples[n]?.example ?? '', {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  });
  const [program, place] = [join(directory, `${n}.mjs`), join(directory, `at-${n}`)];
  writeFileSync(program, outputText);
  mkdirSync(place);
  const child = spawn(process.execPath, [program], { cwd: place, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { status, output };
}

describe('the doors of the package', { timeout: 60_000 }, () => {
  it('have an example for each main export', () => {
    expect(examples.length).toBeGreaterThanOrEqual(30);
    expect([...doors().keys()].filter((door) => !examples.some((one) => one.door === door))).toEqual([]);
  });

  it('have examples without mistakes of types', () => expect(mistakes()).toEqual([]));

  it.each(examples.map(({ title, example }, n) => ({ title, example, n })))('the example of $title runs', async ({ example, n }) => {
    const { status, output } = await run(n);
    expect(status, output).toBe(0);
    const promised = [...example.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, line]) => line);
    expect(output.split('\n')).toEqual(expect.arrayContaining(promised));
  });

  it('are in docs/api.md as they are (else: npm run api)', () => {
    expect(readFileSync(join(root, 'docs/api.md'), 'utf8')).toBe(apiPage());
  });
});
