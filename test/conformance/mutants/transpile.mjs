import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const { config } = ts.readConfigFile(fileURLToPath(new URL('../../../tsconfig.json', import.meta.url)), ts.sys.readFile);
const { options } = ts.convertCompilerOptionsFromJson({ ...config.compilerOptions, module: 'ESNext', moduleResolution: 'Bundler' }, '.');
const compilerOptions = { ...options, noEmit: false, rewriteRelativeImportExtensions: false, removeComments: true };

/** The results of compilation: a file is compiled once for all mutants of other files. */
const compiled = new Map();

/** Compiles one file as `tsc` does, without its types, without comments, and without a look at other files. */
export function transpile(file, text) {
  const known = compiled.get(text);
  if (known !== undefined) return known;
  const { outputText, diagnostics } = ts.transpileModule(text, { compilerOptions, fileName: file, reportDiagnostics: true });
  const result = { code: outputText, mistakes: diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' ')) };
  compiled.set(text, result);
  return result;
}
