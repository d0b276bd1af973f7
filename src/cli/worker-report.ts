/** What a worker does, as it happens: a line for each event, or a JSON document in one line. */
import type { Stimulation } from '../index.js';
import type { FlowWorker } from '../worker/index.js';
import { endOf, failureOf } from './failure.js';
import { completed } from './follow.js';
import type { Output } from './output.js';
import type { FlowQueue } from './queue.js';
import { shellWord, timeText, visible } from './text.js';
import { signalLines, type Waits, waitsOf, waitsText } from './waits.js';

export interface WorkerReport {
  /** From now on what is wrong with the queue is told: until then it is the command that fails. */
  begin(): void;
  /** The ids of the runs that go on in this process. */
  here(): readonly string[];
}

export function reportEvents(worker: FlowWorker, queue: FlowQueue, output: Output): WorkerReport {
  const here = new Map<string, Stimulation>();
  let hasBegun = false;
  let complaint = '';
  const faultOf = (error: unknown): Fault => {
    const { code, message, hint } = failureOf(error);
    return { code, message: output.message(message), hint };
  };
  worker.on('taken', ({ id, run }) => {
    here.set(id, run);
    complaint = '';
    const { milestone } = run;
    output.document({ event: 'taken', id, milestone });
    output.line(`taken ${visible(id)}`);
  });
  worker.on('completed', ({ id, result }) => {
    here.delete(id);
    completed(result, output, { event: 'completed' });
  });
  worker.on('waiting', ({ id, due }) => {
    const run = here.get(id);
    here.delete(id);
    const waits: Waits = run === undefined ? { waitsFor: [], until: due } : waitsOf(run);
    const { flow, cns, enqueueOption, storeOption } = queue;
    const next = signalLines({ flow, cns, storeOption: `${enqueueOption}${storeOption}` }, id, waits);
    output.document({ event: 'waiting', id, ...waits, next: next.map(({ command }) => command) });
    output.line(`${output.style('yellow', 'waiting')} ${visible(id)} ${visible(waitsText(waits))}`);
    for (const { command } of next) output.line(`  ${command}`);
  });
  worker.on('failed', ({ id, error }) => {
    here.delete(id);
    // anything but the run's own end is for a person: no worker can go on with it
    const status = endOf(error) ?? 'stranded';
    const fault = status === 'aborted' ? { ...faultOf(error), hint: undefined } : faultOf(error);
    const next = `engram show ${shellWord(id)}${queue.storeOption}`;
    output.document({ event: 'failed', id, status, error: fault, next });
    output.line(`${output.style('red', status)} ${visible(id)}: ${textOf(fault)}`);
    output.line(`  to see where it stands: ${next}`);
  });
  worker.on('refused', ({ id, error, again }) => {
    here.delete(id);
    const fault = faultOf(error);
    output.document({ event: 'refused', id, again, error: fault });
    output.line(`${output.style('yellow', 'refused')} ${visible(id)} until ${timeText(again)}: ${textOf(fault)}`);
  });
  worker.on('progress', (progress) => output.document({ event: 'progress', ...progress }));
  worker.on('lost', ({ error }) => {
    const fault = faultOf(error);
    output.document({ event: 'lost', error: fault });
    output.line(`lost a job, and nothing of its run: ${textOf(fault)}`);
  });
  worker.on('error', (error) => {
    if (!hasBegun) return;
    const { message } = faultOf(error);
    if (message === complaint) return; // a queue that is away is complained of with every try
    complaint = message;
    output.document({ event: 'error', error: { message } });
    output.line(`${output.style('red', 'queue')}: ${message}`);
  });
  return { begin: () => void (hasBegun = true), here: () => [...here.keys()] };
}

interface Fault {
  readonly code: string;
  /** One line. */
  readonly message: string;
  readonly hint: string | undefined;
}

const textOf = ({ message, hint }: Fault): string => (hint === undefined ? message : `${message} — ${hint}`);
