/** What stands above a picture: of what it is, and what in it cannot be seen by looking. */
import { MILESTONE } from './notes.js';
import type { Picture } from './picture.js';
import type { RunProgress } from './progress.js';

const SAVED = `${MILESTONE} saved when it is done: after a crash, only what is not saved yet runs again`;
const CHOSEN = 'where arrows part without a bar, the neuron chooses which of them, and how often';

/** In lines: the title, what is wrong with the picture of a run, and how to read it. */
export function captionOf(picture: Picture, run: RunProgress | undefined): string[] {
  const { name, version, nodes } = picture;
  const flow = version === '' ? name : `${name}, version ${version}`;
  return [
    run === undefined ? oneLine(flow) : `${oneLine(flow)}; ${titleOf(run)}`,
    ...(run === undefined ? [] : flawsOf(picture, run)),
    ...(nodes.some((node) => node.kind === 'neuron' && node.milestone) ? [SAVED] : []),
    ...(hasChoice(picture) ? [CHOSEN] : []),
  ];
}

export const titleOf = ({ id, status }: RunProgress): string => `${oneLine(id)}: ${status}`;

/** Why the picture of a run does not show all of it. */
export function flawsOf({ version, nodes }: Picture, run: RunProgress): string[] {
  const drawn = new Set(nodes.flatMap((node) => (node.kind === 'neuron' ? [node.name] : [])));
  const gone = Object.keys(run.neurons).filter((name) => !drawn.has(name));
  return [
    ...(run.graph.version === version ? [] : [`stored by version ${oneLine(run.graph.version)}`]),
    ...(gone.length === 0 ? [] : [`not drawn, because the flow does not have them any more: ${gone.join(', ')}`]),
    ...(run.omitted === 0 ? [] : [`not counted, because they were too many to keep: ${run.omitted} settled`]),
    ...(run.damage.length === 0 ? [] : ['damaged in the store: shown is what can be read']),
  ];
}

function hasChoice({ arrows }: Picture): boolean {
  const emitted = new Map<string, string>();
  return arrows.some(({ emitter, collateral }) => {
    if (emitter === null || collateral === null) return false;
    const first = emitted.get(emitter) ?? collateral;
    emitted.set(emitter, first);
    return first !== collateral;
  });
}

/** Ids and versions hold any character: those that no page shows, and no XML holds, become dots. */
const oneLine = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f\ufffe\uffff]/g, '\u00b7');
