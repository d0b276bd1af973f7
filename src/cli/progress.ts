/** How a run is followed: one live line on a terminal (live-line.ts), a line per milestone elsewhere, nothing beside JSON. */
import type { Output } from './output.js';
import { visible } from './text.js';

/** What is known of the run at a moment. */
export interface Standing {
  readonly settled: number;
  readonly pending: number;
}

export interface Progress {
  started(id: string): void;
  /** `milestones`: how many are stored already. */
  resumed(id: string, seq: number, attempt: number, milestones: number): void;
  /** A milestone is stored. */
  milestone(neuron: string, seq: number): void;
  /** What a neuron had done is undone, and that is stored. */
  undone(neuron: string, seq: number): void;
  /** Something that a person may want to act upon, in a line. */
  note(text: string): void;
  /** A run goes on, stored or not. `standing` is asked whenever it is shown. */
  watch(id: string, standing: () => Standing): void;
  /** Nothing of it stays on the screen that does not belong there. */
  stop(): void;
}

const nothing = (): void => undefined;
export const SILENT: Progress = {
  started: nothing,
  resumed: nothing,
  milestone: nothing,
  undone: nothing,
  note: nothing,
  watch: nothing,
  stop: nothing,
};

/** A line per milestone. */
export const plainLines = (output: Output): Progress => ({
  ...SILENT,
  started: (id) => output.line(`started ${visible(id)}`),
  resumed: (id, seq, attempt) => output.line(`resumed ${visible(id)} from checkpoint ${seq} (attempt ${attempt})`),
  milestone: (neuron, seq) => output.line(`milestone ${neuron} (seq ${seq})`),
  undone: (neuron, seq) => output.line(`undone ${neuron} (seq ${seq})`),
  note: (text) => output.line(text),
});
