import { systemClock } from '../../clock/clock.js';
import { createCodec } from '../../durability/codec.js';
import type { Lease, RunSummary, Store } from '../../durability/store.js';
import { describeError, UnknownRunError } from '../../errors/index.js';
import { undoneId } from '../../propagation/activation.js';
import type { ActivationRecord } from '../../propagation/context.js';
import { type LoadedRun, loadRun } from '../../stimulation/load.js';
import type { CNS } from '../../index.js';
import { CODEC } from '../../stimulation/seams.js';
import { UsageError } from '../cli-errors.js';
import { EXIT } from '../exit-codes.js';
import { loadFlowModule } from '../flow-module.js';
import { openStoredRuns, storeUrl } from '../open-store.js';
import type { Output } from '../output.js';
import { redactBy } from '../redaction.js';
import { type Details, linesOf } from '../show-lines.js';
import { readSettled } from '../watch-store.js';

export interface ShowOptions {
  readonly store?: string;
  /** How many of the last events. */
  readonly events?: string;
  /** The flow of the run: what its CNS hides is hidden, and its classes are known. */
  readonly flow?: string;
}

type ActivationOf = Omit<ActivationRecord, 'payload'>;

const EVENTS = 10;

export async function show(id: string, options: ShowOptions, output: Output): Promise<number> {
  const last = countOf(options.events);
  const store = openStoredRuns(storeUrl(options.store), 'show', systemClock);
  try {
    const cns = options.flow === undefined ? undefined : await cnsOf(options.flow, store);
    redactBy(cns, output);
    const run = await loadRun(store, id, cns?.[CODEC] ?? createCodec({ isForShow: true }));
    if (run === undefined) throw new UnknownRunError(id, store.name);
    const summary = await summaryOf(store, id);
    const { settled, damage } = await readSettled(store, id);
    const details = {
      run,
      lease: leaseOn(run, summary?.lease ?? null),
      due: run.hasBegun ? null : (summary?.index.due ?? null),
      inbox: store.capabilities.inbox ? (await store.inbox(id)).map(({ deliveryId }) => deliveryId) : [],
      events: settled,
      damage: [...new Set([...run.damage, ...damage])],
    };
    output.document(documentOf(store.name, details, last, output));
    if (!output.isJson) for (const line of linesOf(store.name, details, last, output)) output.line(line);
    return EXIT.completed;
  } finally {
    await store.close();
  }
}

/** The CNS of a flow, which runs nothing here. */
async function cnsOf(path: string, store: Store): Promise<CNS> {
  const flow = await loadFlowModule(path);
  return flow.cns({ store, clock: systemClock });
}

function countOf(option: string | undefined): number {
  if (option === undefined) return EVENTS;
  if (/^\d{1,9}$/.test(option)) return Number(option);
  throw new UsageError(`--events "${option}" is no number`, { hint: 'give how many of the last events to show' });
}

/** A list says who holds a run, and when one that nobody has begun is to be; it is in the order of ids, and a cursor just before this one makes it the first. */
async function summaryOf(store: Store, id: string): Promise<RunSummary | undefined> {
  const cursor = `${id.slice(0, -1)}${String.fromCharCode(Math.max(0, id.charCodeAt(id.length - 1) - 1))}\uffff`;
  const { runs } = await store.list({ cursor, limit: 1 });
  return runs.find((run) => run.id === id);
}

/** One that was stored without being begun was held for the moment of that. */
const leaseOn = ({ hasBegun }: LoadedRun, lease: Lease | null): Lease | null =>
  hasBegun || (lease !== null && lease.until > systemClock.now()) ? lease : null;

function documentOf(
  store: string,
  { run, lease, due, inbox, events, damage }: Details,
  last: number,
  output: Output,
): object {
  const { envelope, context } = run;
  const { id, seq, attempt, fence, graph, status, milestone, savedAt } = envelope;
  const payloadOf = ({ collateral, payload }: Pick<ActivationRecord, 'collateral' | 'payload'>) =>
    output.shown(payload, 'payload', collateral);
  const taskOf = ({ activation, neuron, dendrite, collateral }: ActivationOf) => {
    return { id: `${id}/${activation}`, neuron, dendrite, collateral };
  };
  return {
    id,
    status: run.hasBegun ? status : 'queued',
    store,
    graph,
    seq,
    attempt,
    fence,
    milestone,
    savedAt,
    ...(run.hasBegun ? {} : { due }),
    owner: lease === null ? null : { label: lease.owner.label, until: lease.until },
    settled: context.settled,
    context: Object.keys(context.values),
    ending: context.ending ?? null,
    pending: context.frontier.map((one) => {
      const { state, after = null, attempt = 1, due = null, expects = null, undoes } = one;
      const undone = undoes === undefined ? null : undoneId({ id }, undoes);
      return { ...taskOf(one), payload: payloadOf(one), state, after, attempt, due, expects, undoes: undone };
    }),
    joined: context.joined.map((one) => ({ ...taskOf(one), payload: payloadOf(one), key: one.key })),
    owed: context.owed.map((one) => ({ ...taskOf(one), payload: payloadOf(one) })),
    early: context.early.map((one) => ({ collateral: one.collateral, payload: payloadOf(one) })),
    inbox,
    failed: context.failed.map((one) => {
      const { activation, neuron, collateral, error, aborted } = one;
      const told = output.shown(describeError(error), 'error', 'message');
      return { id: `${id}/${activation}`, neuron, collateral, payload: payloadOf(one), error: told, aborted };
    }),
    output: output.shown(context.output, 'output'),
    events: (last === 0 ? [] : events.slice(-last)).map((event) => {
      return event.error === undefined ? event : { ...event, error: output.shown(event.error, 'error', 'message') };
    }),
    damage,
  };
}
