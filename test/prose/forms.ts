/** The forms that plain technical English does without, and the search for them. */

/** A form, with the pattern that finds it in a sentence. */
interface Form {
  readonly name: string;
  readonly pattern: RegExp;
  /** Where in a text: anywhere, at the beginning of a sentence, or at that of a doc comment. */
  readonly at: 'anywhere' | 'sentence' | 'doc comment';
}

/** Every form is counted once per occurrence. A new form is added here, and the budgets are counted again. */
const forms: readonly Form[] = [
  {
    name: 'a relative clause without a noun',
    at: 'anywhere',
    pattern: /\b(?:what is|that which|whoever|whom)\b/gi,
  },
  { name: 'a relative clause at the beginning', at: 'sentence', pattern: /^(?:What|Who|Whose|Of which|Of those|Of these)\b/g },
  { name: 'an opening without a noun', at: 'doc comment', pattern: /^(?:So many|That)\b/g },
  { name: 'a person for a program', at: 'anywhere', pattern: /\b(?:nobody|somebody|anybody|everybody|he|him|his|himself)\b/gi },
  { name: 'a negation at the beginning', at: 'sentence', pattern: /^(?:Not|No|Nothing|Neither|Nor)\b(?!\.)/g },
  { name: 'a duty in the passive', at: 'anywhere', pattern: /\b(?:is|are|was|were) (?:not |never )?to be\b/gi },
];

/** A text that people read, and whether it is a doc comment. */
export interface Prose {
  readonly text: string;
  readonly isDoc?: boolean;
}

/** Returns the forbidden forms in a text, each as `a person for a program: "nobody"`. Names in code marks, quotations and examples are left out. */
export function forbiddenForms({ text, isDoc = false }: Prose): string[] {
  const prose = withoutCode(text);
  const sentences = prose.split(/(?<=[.!?:)])\s+|\n\s*\n|\n(?=[ \t]*(?:[-*]|@\w+)\s)/).map(trimmed);
  return forms.flatMap(({ name, pattern, at }) => {
    const places = at === 'anywhere' ? [prose] : at === 'sentence' ? sentences : isDoc ? sentences.slice(0, 1) : [];
    return places.flatMap((place) => Array.from(place.matchAll(pattern), ([found]) => `${name}: "${found}"`));
  });
}

/** Returns the paragraphs, list items and table cells of a page in Markdown, as they are read one by one. Headings and blocks of code are left out. */
export function paragraphsOf(page: string): Prose[] {
  const text = page.replace(/^```[^]*?^```/gm, '').replace(/^#+ .*$/gm, '');
  return text
    .split(/\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) )|\n(?=\|)/)
    .flatMap((part) => (part.startsWith('|') ? part.split('|') : [part]))
    .map((part) => ({ text: part.trim() }));
}

/** Removes code marks, blocks of code, quotations and the bodies of examples. */
function withoutCode(text: string): string {
  return text
    .replace(/```[^]*?```/g, ' ')
    .replace(/`[^`]*`/g, 'X')
    .replace(/"[^"\n]*"/g, 'X')
    .replace(/<!--[^]*?-->/g, ' ');
}

/** Removes the mark of a list or tag, so that a sentence begins with its first word. */
function trimmed(sentence: string): string {
  return sentence.replace(/^\s*(?:[-*>#]+\s+|@param \S+\s+|@returns?\s+|@throws\s+)*/, '');
}
