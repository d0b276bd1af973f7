/** What `--payload` and `--id` may be. */
import { readFileSync } from 'node:fs';
import { describeError } from '../errors/index.js';
import { UsageError } from './cli-errors.js';

const LONGEST_ID = 255;

/** JSON, `@file` or `@-` for what comes in on stdin; undefined when there is none. @throws UsageError */
export function readPayload(option: string | undefined): unknown {
  if (option === undefined) return undefined;
  const text = option.startsWith('@') ? readSource(option.slice(1)) : option;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UsageError(`the payload is not JSON: ${describeError(cause)}`, {
      cause,
      hint: `quote it for the shell, e.g. --payload '{"out":"report"}', or keep it in a file: --payload @payload.json`,
    });
  }
}

function readSource(name: string): string {
  try {
    return readFileSync(name === '-' ? 0 : name, 'utf8');
  } catch (cause) {
    throw new UsageError(`the payload cannot be read: ${describeError(cause)}`, {
      cause,
      hint: 'give --payload JSON, @<file>, or @- for stdin',
    });
  }
}

/**
 * Any id is safe in a store. What is refused here is what is not safe in the commands, file names and logs that ids are
 * used in next.
 * @throws UsageError
 */
export function checkId(id: string | undefined): void {
  if (id === undefined) return;
  const problem = problemOf(id);
  if (problem !== undefined) {
    throw new UsageError(`the id ${problem}`, {
      hint: `choose up to ${LONGEST_ID} characters, e.g. --id import-2025-11`,
    });
  }
}

function problemOf(id: string): string | undefined {
  if (id.trim() === '') return 'is empty';
  if (id.length > LONGEST_ID) return `has ${id.length} characters`;
  if (id.split(/[/\\]/).some((segment) => segment === '..' || segment === '.')) {
    return `${JSON.stringify(id)} climbs out of its folder wherever it is used as a path`;
  }
  return /[\u0000-\u001f\u007f]/.test(id) ? `${JSON.stringify(id)} has control characters` : undefined;
}
