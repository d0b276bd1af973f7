/** What is said of one activation: a mark before its name, and a word behind its times. */
import { describeError } from '../../errors/index.js';
import type { PendingActivation } from '../../propagation/context.js';
import type { Glyphs } from '../glyphs.js';
import type { Style } from '../output.js';
import { counted, durationText, grouped, timeText } from '../text.js';
import type { Past } from './attempts.js';
import { collateralOf, type RunNode, type RunRoot, type RunTree, settledAt } from './run-tree.js';

/** A run at a moment. */
export interface View {
  readonly tree: RunTree;
  readonly past: Past;
  /** When the run began. */
  readonly start: number;
  readonly now: number;
  /** Somebody holds it: what is ready runs. */
  readonly isHeld: boolean;
  /** Of the spinner. */
  readonly frame: number;
  /** What an error says, as it may be shown. */
  readonly message: (text: string) => string;
}

export interface Note {
  readonly mark: string;
  readonly style: Style | undefined;
  readonly text: string;
  /** It may take a line of its own. */
  readonly isError: boolean;
}

export function noteOf(node: RunNode, view: View, glyphs: Glyphs): Note {
  const { undoing } = node;
  if (undoing !== undefined) return undoingNote(undoing, view, glyphs);
  const note = (mark: string, style: Style | undefined, text: string, isError = false): Note => {
    return { mark, style, text, isError };
  };
  switch (node.state) {
    case 'failed':
      return note(glyphs.failed, 'red', errorText(node, view), true);
    case 'cut':
      return note(glyphs.undone, 'dim', 'not done: the run ended before');
    case 'arrived':
      return note(glyphs.waiting, 'yellow', 'waits in a join for the others');
    case 'pending':
      return pendingNote(node, view, glyphs);
    case 'done':
      return note(glyphs.done, 'green', doneText(node, glyphs));
  }
}

function errorText({ error, event }: RunNode, { message }: View): string {
  return message(describeError(error ?? event?.error ?? 'it failed'));
}

function undoingNote(undoing: RunNode, view: View, glyphs: Glyphs): Note {
  const at = settledAt(undoing);
  if (undoing.state === 'failed') {
    return {
      mark: glyphs.failed,
      style: 'red',
      text: `could not be undone: ${errorText(undoing, view)}`,
      isError: true,
    };
  }
  if (at === undefined) {
    const text = view.isHeld ? 'is being undone' : 'is to be undone';
    return { mark: glyphs.undone, style: 'yellow', text, isError: false };
  }
  return { mark: glyphs.undone, style: 'yellow', text: `undone +${durationText(at - view.start)}`, isError: false };
}

/** What of its answer went nowhere below it, and with what it was joined. */
function doneText(node: RunNode, glyphs: Glyphs): string {
  const { event, isExpectation, parent, before } = node;
  const told: string[] = [];
  if (isExpectation) {
    const since = parent?.kind === 'node' ? settledAt(parent) : undefined;
    const took = since === undefined || event === undefined ? '' : ` ${durationText(event.settledAt - since)}`;
    told.push(`waited${took}${event === undefined || event.emitted.length === 0 ? '' : ' in vain'}`);
  }
  if (before.some(({ outcome }) => outcome === 'failed')) told.push('done once more');
  if (node.joinedWith.length > 0) told.push(`with ${namesOf(node.joinedWith)}`);
  if (node.isGuess) told.push('parents found by name');
  const emitted = emittedText(node, glyphs);
  return [told.join(', '), emitted].filter(Boolean).join(' ');
}

function emittedText({ event, children }: RunNode, glyphs: Glyphs): string {
  const heard = new Set(children.flatMap((child) => collateralOf(child).split('+')));
  const counts = new Map<string, number>();
  for (const name of event?.emitted ?? []) if (!heard.has(name)) counts.set(name, (counts.get(name) ?? 0) + 1);
  const names = [...counts].map(([name, count]) => (count === 1 ? name : `${name} ×${grouped(count)}`));
  return names.length === 0 ? '' : `${glyphs.emits} ${names.join(', ')}`;
}

/** `check ×3, price` */
export function namesOf(nodes: readonly RunNode[], most = 3): string {
  const counts = new Map<string, number>();
  for (const { neuron } of nodes) counts.set(neuron, (counts.get(neuron) ?? 0) + 1);
  const names = [...counts].map(([name, count]) => (count === 1 ? name : `${name} ×${grouped(count)}`));
  const rest = names.length - most;
  return rest > 0 ? `${names.slice(0, most).join(', ')} and ${rest} more` : names.join(', ');
}

function pendingNote({ pending }: RunNode, { isHeld, frame }: View, glyphs: Glyphs): Note {
  const text = pending === undefined ? '' : stateText(pending, isHeld);
  const waits = pending?.state === 'waiting' || pending?.state === 'delayed' || pending?.due !== undefined;
  if (waits) return { mark: glyphs.waiting, style: 'yellow', text, isError: false };
  if (!isHeld) return { mark: glyphs.ready, style: 'yellow', text, isError: false };
  const mark = glyphs.spinner[frame % glyphs.spinner.length] ?? '';
  return { mark, style: 'cyan', text, isError: false };
}

/**
 * What has to come before it starts, or ends. What a store holds behind a milestone is behind one that is stored: it
 * is as ready as the rest.
 */
function stateText({ state, attempt, due, expects, undoes }: PendingActivation, isHeld: boolean): string {
  const at = due === undefined ? '' : timeText(due);
  const again = attempt === undefined ? '' : `attempt ${attempt}`;
  if (state === 'waiting' || (state === 'held' && expects !== undefined)) {
    return `waits for ${expects ?? '?'}${due === undefined ? '' : ` until ${at}`}`;
  }
  if (state === 'delayed' || due !== undefined) return `${again === '' ? 'starts' : again} at ${at}`;
  if (state === 'running') return 'ran when the run was aborted: not done again';
  const what = isHeld ? 'running' : 'starts when resumed';
  return [what, again, undoes === undefined ? '' : `undoes ${undoes}`].filter(Boolean).join(', ');
}

/** Of what is folded: `and 1,996 more check: 1,990 done, 6 running`. */
export function foldText(nodes: readonly RunNode[], below: number, isHeld: boolean): string {
  const counts = new Map<string, number>();
  for (const node of nodes) {
    const word = node.undoing?.state === 'done' ? 'undone' : wordOf(node, isHeld);
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const states = [...counts].map(([word, count]) => `${grouped(count)} ${word}`).join(', ');
  const [first] = nodes;
  const isOne = nodes.every(({ neuron }) => neuron === first?.neuron);
  const what = isOne
    ? `${grouped(nodes.length)} more ${first?.neuron ?? ''}`
    : `${grouped(nodes.length)} more, ${namesOf(nodes)}`;
  return `and ${what}: ${states}${below === 0 ? '' : `, ${grouped(below)} below them`}`;
}

function wordOf({ state, pending }: RunNode, isHeld: boolean): string {
  if (state === 'arrived') return 'in a join';
  if (state === 'cut') return 'not done';
  if (state !== 'pending') return state;
  if (pending?.state === 'waiting') return 'waiting';
  if (pending?.due !== undefined) return 'delayed';
  return isHeld ? 'running' : 'ready';
}

export function rootText({ from, collateral, deliveryId, children }: RunRoot, { omitted }: RunTree): string {
  switch (from) {
    case 'entry':
      return collateral;
    case 'outside':
      return `${collateral}, from outside${deliveryId === undefined ? '' : ` (${deliveryId})`}`;
    case 'task':
      return 'what another run had left';
    case 'unknown': {
      const why = omitted > 0 ? `: ${counted(omitted, 'event was', 'events were')} too many to be kept` : '';
      return `what led to ${children.length === 1 ? 'this' : 'these'} is not stored${why}`;
    }
  }
}
