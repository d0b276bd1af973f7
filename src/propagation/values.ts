/** The neurons' committed context values. */
import type { Work } from './work.js';

/** `undefined` deletes. */
export function write(work: Work, neuron: string, value: unknown): void {
  const values = (work.values ??= new Map());
  const turn = work.views === null ? null : work.views.turn;
  if (turn !== null) (turn.log ??= []).push({ key: neuron, had: values.has(neuron), old: values.get(neuron) });
  if (value === undefined) values.delete(neuron);
  else values.set(neuron, value);
  if (work.recorder !== null) work.recorder.onWritten(neuron);
}

/** Drops the values of neurons that nothing pending can reach any more, where the run was told to. */
export function tidy(work: Work): void {
  const cleanup = work.rare === null ? null : work.rare.cleanup;
  if (cleanup !== null) cleanup.sweep((neuron) => drop(work, neuron));
}

/** The same for all neurons. */
export function tidyAll(work: Work): void {
  const cleanup = work.rare === null ? null : work.rare.cleanup;
  if (cleanup === null || work.values === null) return;
  const { neuronByName } = work.flow.graph;
  for (const name of [...work.values.keys()]) {
    const neuron = neuronByName.get(name);
    if (neuron !== undefined && !cleanup.isAlive(neuron)) drop(work, name);
  }
}

function drop(work: Work, neuron: string): void {
  if (work.values !== null && work.values.has(neuron)) write(work, neuron, undefined);
}
