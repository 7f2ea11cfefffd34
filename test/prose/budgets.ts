/** How many forbidden forms the comments of each folder may have. The numbers only fall; `record.ts` writes them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commentsIn } from './comments.ts';
import { forbiddenForms } from './forms.ts';

/** The file with the budgets. */
export const budgetsFile = join(import.meta.dirname, 'budgets.json');

/** Returns the most forms that each folder may have. */
export function budgets(): Readonly<Record<string, number>> {
  return JSON.parse(readFileSync(budgetsFile, 'utf8')) as Record<string, number>;
}

/** Returns the forbidden forms in the comments of a folder, each with its place and its comment. */
export function countIn(folder: string): string[] {
  return commentsIn(folder).flatMap((comment) =>
    forbiddenForms(comment).map((form) => `${comment.file}:${comment.line}  ${form}  in: ${comment.text}`),
  );
}
