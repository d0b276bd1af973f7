/** What a path is called: what happens on it, from the entry to its end. */
import type { Explorer } from './explorer.js';
import { type FlowStep, isNeuronStep, isSignalStep, type NeuronStep, type TimeStep } from './flow-path.js';

export function titleOf(explorer: Explorer, entry: readonly string[], steps: readonly FlowStep[]): string {
  return [entry.join(' + '), ...steps.flatMap((step) => partOf(explorer, step))].join(' → ');
}

function partOf(explorer: Explorer, step: FlowStep): readonly string[] {
  if (isNeuronStep(step)) return answerPart(explorer, step);
  return [isSignalStep(step) ? step.signal : timePart(step)];
}

function answerPart(explorer: Explorer, { neuron, got, answers }: NeuronStep): readonly string[] {
  if (answers.startsWith('joins')) return [];
  if (got === 'undo') return [answers === 'nothing' ? `${neuron} undone` : `undo of ${neuron} ${answers}`];
  if (answers === 'fails' || answers === 'aborts') return [`${neuron} ${answers}`];
  if (answers === 'retries') return [`${neuron} tries again`];
  if (answers === 'nothing') return [explorer.isMute(neuron) ? neuron : `${neuron} emits nothing`];
  const text = answers.replace(/^emits /, '').replace(/ within [\w.]+/g, '');
  return [text.includes('waits for ') ? `${neuron} ${text}` : text];
}

function timePart({ due }: TimeStep): string {
  const waits = due.filter(({ what }) => what === 'end of wait');
  if (waits.length === 0) return 'time passes';
  return `no ${waits.map(({ collateral }) => collateral).join(', no ')} in time`;
}

/** Numbers titles that are there already. */
export function uniqueTitles<T extends { readonly title: string }>(paths: readonly T[]): T[] {
  const seen = new Map<string, number>();
  return paths.map((path) => {
    const count = (seen.get(path.title) ?? 0) + 1;
    seen.set(path.title, count);
    return count === 1 ? path : { ...path, title: `${path.title} (${count})` };
  });
}
