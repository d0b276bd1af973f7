/** What a run is started with, checked before anything of it exists. */
import { z, type ZodError, type ZodType } from 'zod';
import type { Clock } from '../clock/clock.js';
import type { Codec } from '../durability/codec.js';
import { describeError, InvalidArgumentError, InvalidPayloadError, UnknownCollateralError } from '../errors/index.js';
import { isSignal, type Signal } from '../graph/collateral.js';
import type { Channel, Graph } from '../graph/graph.js';
import type { RunOptions, SignalRecord } from '../propagation/context.js';
import type { SignalData, StartInput, TaskData } from '../propagation/events.js';
import { anew, findSubscriber } from '../propagation/tasks.js';
import type { StimulateOptions } from './options.js';
import type { FailedTask, Task } from './results.js';
import { runOptionsOf, valuesOf } from './run-options.js';
import { taskData } from './tasks.js';

/** A signal to begin with; a delay counts from when the run is started, in milliseconds. */
export interface EntrySignal extends SignalRecord {
  readonly delay?: number;
}

export interface Entry {
  readonly signals: readonly EntrySignal[];
  /** What is left of another run. */
  readonly tasks: readonly TaskData[];
  readonly output: string | undefined;
  readonly options: RunOptions | undefined;
  /** Context values by neuron. */
  readonly values: Readonly<Record<string, unknown>> | undefined;
}

const NO_TASKS: readonly TaskData[] = [];
/** Of a run that is told nothing but its entry. */
export const NO_OPTIONS: StimulateOptions = {};
const NO_SHAPE: Shape = { output: undefined, options: undefined, values: undefined };

export function checkEntry(graph: Graph, given: Signal | readonly Signal[], options: StimulateOptions): Entry {
  const { output, options: told, values } = checkShape(graph, 'stimulate', options);
  const signals: EntrySignal[] = [];
  if (!Array.isArray(given)) signals.push(checkSignal(graph, given, 0));
  else for (const signal of given as readonly unknown[]) signals.push(checkSignal(graph, signal, signals.length));
  return { signals, tasks: NO_TASKS, output, options: told, values };
}

export function checkTasks(graph: Graph, given: readonly (Task | FailedTask)[], options: StimulateOptions): Entry {
  const shape = checkShape(graph, 'activate', options);
  if (!Array.isArray(given)) {
    throw new InvalidArgumentError('activate: what is given is no list of tasks', {
      hint: 'cns.activate(stimulation.getFailedTasks())',
    });
  }
  const tasks = (given as readonly (Task | FailedTask)[]).map((task, index) => {
    const data = taskData(task, index);
    if (data.expects !== undefined) {
      channelOf(graph, data.expects); // nobody could ever send what it waits for
      return data;
    }
    const channel = findSubscriber(graph, data.neuron, data.dendrite)?.channel;
    return channel === undefined ? data : { ...data, payload: checkPayload(channel, data.payload) };
  });
  return { signals: [], tasks, ...shape };
}

type Shape = Pick<Entry, 'output' | 'options' | 'values'>;

function checkShape(graph: Graph, call: string, given: StimulateOptions): Shape {
  if (given === NO_OPTIONS) return NO_SHAPE;
  const { id, output } = given;
  if (id !== undefined) checkId(call, id);
  return {
    output: output === undefined ? undefined : channelOf(graph, output).name,
    options: runOptionsOf(graph, call, given),
    values: valuesOf(graph, call, given),
  };
}

/** @throws InvalidArgumentError */
export function checkId(call: string, id: unknown): void {
  if (typeof id === 'string' && id !== '') return;
  throw new InvalidArgumentError(`${call}: id must be a text that is not empty`, {
    hint: 'leave it out to have one made up',
  });
}

/** What the core is told when the run starts. */
export const startInputOf = (entry: Entry, id: string | undefined, hold: boolean, clock: Clock): StartInput => ({
  id,
  hold,
  output: entry.output,
  signals: hasDelay(entry.signals) ? dueSignals(entry.signals, clock.now()) : entry.signals,
  options: entry.options,
  values: entry.values,
  tasks: entry.tasks.length === 0 ? entry.tasks : entry.tasks.map((task) => anew(task, clock.now())),
});

function hasDelay(signals: readonly EntrySignal[]): boolean {
  for (let i = 0; i < signals.length; i++) if ((signals[i] as EntrySignal).delay !== undefined) return true;
  return false;
}

const dueSignals = (signals: readonly EntrySignal[], now: number): SignalData[] =>
  signals.map(({ delay, ...signal }) => (delay === undefined ? signal : { ...signal, due: now + delay }));

function checkSignal(graph: Graph, signal: unknown, index: number): EntrySignal {
  if (!isSignal(signal)) {
    throw new InvalidArgumentError(`stimulate: entry ${index} is no signal`, {
      hint: 'cns.stimulate(order.createSignal(payload))',
    });
  }
  const channel = channelOf(graph, signal.collateral);
  const payload = checkPayload(channel, signal.payload);
  const { delay } = signal;
  return delay === undefined ? { collateral: channel.name, payload } : { collateral: channel.name, payload, delay };
}

export function channelOf(graph: Graph, collateral: unknown): Channel {
  const channel =
    typeof collateral === 'string'
      ? graph.channels.get(collateral)
      : graph.channelByCollateral.get(collateral as Channel['collateral']);
  if (channel !== undefined) return channel;
  const name = typeof collateral === 'string' ? collateral : (collateral as { name?: string } | null)?.name;
  throw new UnknownCollateralError(name ?? '(unnamed)', [...graph.channels.keys()]);
}

/** @returns the payload as its schema gives it back */
export function checkPayload(channel: Channel, payload: unknown): unknown {
  const { schema } = channel.collateral;
  if (schema === undefined) return payload;
  const checked = parseNow(channel, schema, payload);
  if (checked.success) return checked.data;
  throw new InvalidPayloadError(channel.name, issuesOf(checked.error), checked.error);
}

function parseNow(channel: Channel, schema: ZodType, payload: unknown): ReturnType<ZodType['safeParse']> {
  try {
    return schema.safeParse(payload);
  } catch (cause) {
    throw new InvalidArgumentError(`the schema of "${channel.name}" did not answer at once: ${describeError(cause)}`, {
      cause,
      hint: 'a schema must not be async, nor throw; do what takes time in a handler',
    });
  }
}

export const issuesOf = (error: ZodError): string[] =>
  error.issues.map(({ path, message }) => (path.length === 0 ? message : `${path.map(String).join('.')}: ${message}`));

/** An entry as it was stored, asked of the schemas once more. @throws what is wrong with it */
export function decodeEntry(graph: Graph, text: string, codec: Codec): Entry {
  const { signals, output, options, values, tasks } = entrySchema.parse(codec.decode(text, 'entry'));
  return {
    signals: signals.map(({ collateral, payload, delay }) => {
      const channel = channelOf(graph, collateral);
      const record = { collateral, payload: checkPayload(channel, payload) };
      return delay === undefined ? record : { ...record, delay };
    }),
    output: output ?? undefined,
    options: options,
    values,
    tasks: (tasks as readonly TaskData[] | undefined) ?? NO_TASKS,
  };
}

const entrySchema = z.object({
  signals: z.array(z.object({ collateral: z.string(), payload: z.unknown(), delay: z.number().optional() })),
  output: z.string().nullable(),
  options: z.record(z.string(), z.unknown()).optional(),
  values: z.record(z.string(), z.unknown()).optional(),
  tasks: z.array(z.record(z.string(), z.unknown())).optional(),
});

/** An entry as it is stored and compared. */
export const encodeEntry = ({ signals, output, options, values, tasks }: Entry, codec: Codec): string =>
  codec.encode(
    {
      signals,
      output: output ?? null,
      ...(options === undefined ? {} : { options }),
      ...(values === undefined ? {} : { values }),
      ...(tasks.length === 0 ? {} : { tasks }),
    },
    'entry',
  );
