/** What stands above a picture: of what it is, and what in it cannot be seen by looking. */
import { MILESTONE } from './notes.js';
import type { Picture } from './picture.js';
import type { RunProgress } from './progress.js';

const SAVED = `${MILESTONE} what has been done up to here is saved: after a crash, what was not runs again`;
const CHOSEN = 'where arrows part without a bar, the neuron chooses which of them, and how often';

/** In lines. */
export function captionOf({ name, version, nodes, arrows }: Picture, run: RunProgress | undefined): string[] {
  const flow = version === '' ? name : `${name}, version ${version}`;
  const emitted = new Map<string, string>();
  const hasChoice = arrows.some(({ emitter, collateral }) => {
    if (emitter === null) return false;
    const first = emitted.get(emitter) ?? collateral;
    emitted.set(emitter, first);
    return first !== collateral;
  });
  return [
    run === undefined ? flow : `${flow}; ${run.id}: ${run.status}`,
    ...(nodes.some((node) => node.kind === 'neuron' && node.milestone) ? [SAVED] : []),
    ...(hasChoice ? [CHOSEN] : []),
  ];
}
