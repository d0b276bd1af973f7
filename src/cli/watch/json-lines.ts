/** A run that is watched, for programs: a document in a line for each change. */
import { toJson } from '../json.js';
import type { Output } from '../output.js';
import { documentOf, type Place } from './standing.js';
import type { Telling } from './telling.js';

export function jsonTelling(output: Output, place: Place): Telling {
  let last = '';
  // what is new in a store need not be anything that is told
  const tell = (document: Readonly<Record<string, unknown>>): void => {
    const text = toJson(document);
    if (text !== last) output.document(document);
    last = text;
  };
  return {
    show: (sight) => tell(documentOf(sight, place)),
    complain: (message) => tell({ id: place.id, error: { message } }),
    end: () => undefined,
  };
}
