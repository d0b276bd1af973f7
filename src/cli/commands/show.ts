import { systemClock } from '../../clock/clock.js';
import { createCodec } from '../../durability/codec.js';
import type { Lease } from '../../durability/store.js';
import { describeError, UnknownRunError } from '../../errors/index.js';
import { undoneId } from '../../propagation/activation.js';
import type { ActivationRecord } from '../../propagation/context.js';
import { type LoadedRun, loadRun } from '../../stimulation/load.js';
import { CODEC } from '../../stimulation/seams.js';
import { UsageError } from '../cli-errors.js';
import { EXIT } from '../exit-codes.js';
import { cnsOf, milestonesOf } from '../flow-of-run.js';
import { openStoredRuns, storeUrl } from '../open-store.js';
import type { Output } from '../output.js';
import { redactBy } from '../redaction.js';
import { summaryOf } from '../run-summary.js';
import { type Details, linesOf } from '../show-lines.js';
import { readPast } from '../tree/attempts.js';
import { treeOf } from '../tree/parentage.js';
import type { View } from '../tree/notes.js';
import { factsOf, holdingOf, startOf, pastOfRun } from '../tree/run-facts.js';
import { readSettled } from '../../durability/events.js';

export interface ShowOptions {
  readonly store?: string;
  /** How many of the last events, in tables instead of the tree. */
  readonly events?: string;
  /** The flow of the run: what its CNS hides is hidden, and its classes are known. */
  readonly flow?: string;
}

type ActivationOf = Omit<ActivationRecord, 'payload'>;

/** In the document, unless told. */
const EVENTS = 10;

export async function show(id: string, options: ShowOptions, output: Output): Promise<number> {
  const last = countOf(options.events);
  const store = openStoredRuns(storeUrl(options.store), 'show', systemClock);
  try {
    const cns = await cnsOf(options.flow, store);
    redactBy(cns, output);
    const codec = cns?.[CODEC] ?? createCodec({ isForShow: true });
    const run = await loadRun(store, id, codec);
    if (run === undefined) throw new UnknownRunError(id, store.name);
    const summary = await summaryOf(store, id);
    const events = await readSettled(store, id);
    const lease = leaseOn(run, summary?.lease ?? null);
    const details: Details = {
      run,
      lease,
      holding: holdingOf(lease, systemClock.now()),
      due: run.hasBegun ? null : (summary?.index.due ?? null),
      inbox: store.capabilities.inbox ? (await store.inbox(id)).map(({ deliveryId }) => deliveryId) : [],
      events: events.settled,
      damage: [...new Set([...run.damage, ...events.damage])],
    };
    if (output.isJson) output.document(documentOf(store.name, details, last ?? EVENTS, output));
    else {
      const past = pastOfRun(await readPast(store, run.envelope, systemClock), run, lease);
      const view: View = {
        tree: treeOf(factsOf(run, events, codec)),
        past: cns === undefined ? past : { ...past, milestones: milestonesOf(cns) },
        start: startOf(past.start, events.settled, run.envelope.savedAt),
        now: systemClock.now(),
        isHeld: details.holding === 'held',
        frame: 0,
        message: (text) => output.message(text),
      };
      for (const line of linesOf(store.name, details, last, view, output)) output.line(line);
    }
    return EXIT.completed;
  } finally {
    await store.close();
  }
}

function countOf(option: string | undefined): number | undefined {
  if (option === undefined) return undefined;
  if (/^\d{1,9}$/.test(option)) return Number(option);
  throw new UsageError(`--events "${option}" is no number`, { hint: 'give how many of the last events to show' });
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
