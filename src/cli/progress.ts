/** How a run is followed: one live line on a terminal, a line per milestone elsewhere, nothing beside a JSON document. */
import type { Clock } from '../clock/clock.js';
import { LiveLine } from './live-line.js';
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
  /** Asked whenever it is shown. */
  watch(standing: () => Standing): void;
  /** Nothing of it stays on the screen that does not belong there. */
  stop(): void;
}

export function createProgress(output: Output, clock: Clock): Progress {
  if (output.isJson) return SILENT;
  return output.isLive ? new LiveLine(output, clock) : plain(output);
}

const nothing = (): void => undefined;
const SILENT: Progress = { started: nothing, resumed: nothing, milestone: nothing, watch: nothing, stop: nothing };

const plain = (output: Output): Progress => ({
  ...SILENT,
  started: (id) => output.line(`started ${visible(id)}`),
  resumed: (id, seq, attempt) => output.line(`resumed ${visible(id)} from checkpoint ${seq} (attempt ${attempt})`),
  milestone: (neuron, seq) => output.line(`milestone ${neuron} (seq ${seq})`),
});
