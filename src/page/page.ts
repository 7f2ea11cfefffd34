/** Makes one HTML file from the data of a run and the script and style that draw it. */
import { packView } from './packing.ts';
import type { RunView } from './run-view.ts';

export type { RunView, ViewFault, ViewFrame, ViewMoment, ViewNode, ViewNote } from './run-view.ts';

/** A script or style in the page, with its SHA-256 in Base64, by which the page's content security policy admits it. */
export interface Inset {
  readonly text: string;
  readonly sha256: string;
}

/** The parts that draw a view: the script and the style that the build makes from `browser/`. */
export interface PageParts {
  readonly script: Inset;
  readonly style: Inset;
}

/** The id of the element with the packed view as JSON. */
export const viewElement = 'view';

/** Returns a view as a self-contained HTML file, which fetches nothing and runs only its own script. */
export function pageOf(view: RunView, { script, style }: PageParts): string {
  const policy = [
    `default-src 'none'`,
    `script-src 'sha256-${script.sha256}'`,
    `style-src 'sha256-${style.sha256}'`,
    `base-uri 'none'`,
    `form-action 'none'`,
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy.join('; ')}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(view.title)}</title>
<style>${style.text}</style>
</head>
<body>
<noscript>This page draws a run of a network, and needs JavaScript for it.</noscript>
<script type="application/json" id="${viewElement}">${escapeJson(packView(view))}</script>
<script>${script.text}</script>
</body>
</html>
`;
}

/** Escapes text for an element or an attribute. */
export function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '');
}

/** Returns JSON in which an HTML parser cannot find the end of the script element. */
export function escapeJson(value: unknown): string {
  return JSON.stringify(value).replace(/</g, '\\u003c');
}
