/** How a run stands, for the eyes: its snapshot, and a small one of each neuron. Of bounded size, and redacted. */
import type { RunSnapshot } from '../../machines/snapshot.js';
import type { ActivationRecord, RunContext } from '../propagation/context.js';
import { valueOf } from '../propagation/step.js';
import { REDACTED, type Redact } from '../stimulation/redact.js';
import { type Limits, Listed, shown, UserValue } from './shown.js';
import type { ActorSnapshot } from './wire.js';

export interface Standing {
  readonly run: ActorSnapshot;
  /** Of those that are doing something. */
  readonly neurons: ReadonlyMap<string, NeuronStanding>;
  /** About how many characters it has. */
  readonly size: number;
}

export interface NeuronStanding {
  readonly value: string;
  /** Its activations that are not settled. */
  readonly pending: number;
}

export const IDLE: NeuronStanding = { value: 'idle', pending: 0 };

const LIMITS: Limits = { values: 5_000, text: 128_000 };

/** A context as it is shown; what `sanitizeContext` is given and gives. */
export type ShownContext = Record<string, unknown>;

export function standingOf(
  snapshot: RunSnapshot,
  redact: Redact | undefined,
  sanitize: ((context: ShownContext) => unknown) | undefined,
): Standing {
  const { status, context, work } = snapshot;
  const copy = shown(contextParts(context, redact), redact, LIMITS);
  const safe = sanitize === undefined ? copy : shown(sanitize(copy.json as ShownContext), undefined, LIMITS);
  const value = valueOf(work.flow, context);
  const neurons = status === 'active' ? neuronsOf(context, value) : new Map<string, NeuronStanding>();
  // the output stands in the context as well: who hides it there does not show it here
  const { output } = (safe.json ?? {}) as { readonly output?: unknown };
  const run = { status, value, context: safe.json, tags: [...snapshot.tags] };
  const size = safe.size + 32 * neurons.size;
  return { run: status === 'done' && output !== undefined ? { ...run, output } : run, neurons, size };
}

function neuronsOf(context: RunContext, value: ReturnType<typeof valueOf>): Map<string, NeuronStanding> {
  const running = typeof value === 'string' ? {} : value.running;
  const pending = new Map<string, number>();
  for (const { neuron } of context.frontier) pending.set(neuron, (pending.get(neuron) ?? 0) + 1);
  const neurons = new Map<string, NeuronStanding>();
  for (const [name, state] of Object.entries(running)) {
    const count = pending.get(name) ?? 0;
    if (state !== 'idle' || count > 0) neurons.set(name, { value: state, pending: count });
  }
  return neurons;
}

/** @param run what it was when it ended; undefined as long as it goes on */
export function neuronSnapshot({ value, pending }: NeuronStanding, run?: ActorSnapshot['status']): ActorSnapshot {
  const tags = { responding: ['busy'], waiting: ['waiting'], checkpointing: ['busy', 'milestone'] }[value] ?? [];
  return { status: run ?? 'active', value, context: { pending }, tags };
}

/** A context, with what is the user's marked by what it is. */
function contextParts(context: RunContext, redact: Redact | undefined): Record<string, unknown> {
  const { values, frontier, failed, owed, early, joined, deliveries, barriers } = context;
  return {
    ...context,
    frontier: Listed.of(frontier, recordParts),
    failed: Listed.of(failed, ({ error, ...record }) => ({
      ...recordParts(record),
      error: new UserValue(error, ['error']),
    })),
    owed: Listed.of(owed, recordParts),
    early: Listed.of(early, recordParts),
    joined: Listed.of(joined, ({ key, ...record }) => ({ ...recordParts(record), key: keyOf(record, key, redact) })),
    barriers: Listed.of(barriers, (barrier) => barrier),
    deliveries: Listed.of(deliveries, (id) => id),
    values: Object.fromEntries(
      Object.entries(values).map(([neuron, value]) => [neuron, new UserValue(value, ['context', neuron])]),
    ),
    ...('output' in context ? { output: new UserValue(context.output, ['output']) } : {}),
    ...('reason' in context ? { reason: new UserValue(context.reason, ['reason']) } : {}),
    ...(context.options === undefined ? {} : { options: optionParts(context.options) }),
  };
}

type Recorded = Pick<ActivationRecord, 'collateral' | 'payload' | 'otherwise'>;

const recordParts = ({ payload, otherwise, ...record }: Recorded): Record<string, unknown> => ({
  ...record,
  payload: new UserValue(payload, ['payload', record.collateral]),
  ...(otherwise === undefined ? {} : { otherwise: recordParts(otherwise) }),
});

/** What a join's key was made of has no name any more: where names hide, it is hidden. */
const keyOf = ({ collateral }: Recorded, key: string, redact: Redact | undefined): unknown =>
  typeof redact === 'object' && redact.length > 0 ? REDACTED : new UserValue(key, ['payload', collateral, 'key']);

const optionParts = (options: NonNullable<RunContext['options']>): Record<string, unknown> => ({
  ...options,
  ...('stimulationContext' in options
    ? { stimulationContext: new UserValue(options.stimulationContext, ['stimulationContext']) }
    : {}),
});
