/**
 * How often a run was brought up, and its milestones, from the heads of its checkpoints: as far back as the store keeps
 * them (16 unless told), and what a watcher has seen with its own eyes before they went.
 */
import type { Clock } from '../../clock/clock.js';
import { type Envelope, openEnvelope } from '../../durability/envelope.js';
import { isPacked } from '../../durability/compression.js';
import { partOf } from '../../durability/parts.js';
import type { Store } from '../../durability/store.js';
import { CorruptCheckpointError, UnsupportedFormatError } from '../../errors/index.js';

/** A time that the run was brought up again. */
export interface Attempt {
  /** From 2. */
  readonly attempt: number;
  /** The checkpoint that it went on from. */
  readonly from: number;
  /** When that was stored: what settled later belongs to this attempt. */
  readonly after: number;
  /** It only waited, and had been let go. */
  readonly wasWaiting: boolean;
  /** When it was taken up (milliseconds since the epoch), where somebody has seen it. */
  readonly at?: number;
  /** Who had held it and died, where somebody has seen it. */
  readonly died?: string;
}

/** What is known of a run besides its newest checkpoint. */
export interface Past {
  /** When it began, as far as it is known. */
  readonly start: number | undefined;
  readonly attempts: readonly Attempt[];
  /** Names of neurons. */
  readonly milestones: ReadonlySet<string>;
}

/** More are not read: stores keep that many only where they are told to. */
const MOST_HEADS = 64;
/** How long heads are read that would tell of milestones only, in milliseconds: a store that is slow is not asked twice. */
const PATIENCE = 150;

/** @param newest the head of the newest checkpoint */
export async function readPast(store: Store, newest: Envelope, clock: Clock): Promise<Past> {
  const { id, seq } = newest;
  const older = store.capabilities.history ? (await store.history(id)).filter((each) => each < seq) : [];
  const seqs = [seq, ...older.slice(0, MOST_HEADS)].reverse();
  const heads = new Map<number, Envelope>([[seq, newest]]);
  const milestones = new Set<string>(newest.milestone === null ? [] : [newest.milestone]);
  const read = async (at: number): Promise<void> => {
    const each = seqs[at] as number;
    const found = heads.has(each) ? undefined : await readHead(store, id, each);
    if (found === undefined) return;
    heads.set(each, found.head);
    for (const neuron of found.milestones) milestones.add(neuron);
  };
  // between two of the same attempt there is no other
  const spans: (readonly [number, number])[] = [[0, seqs.length - 1]];
  for (let span = spans.pop(); span !== undefined; span = spans.pop()) {
    const [from, to] = span;
    await read(from);
    await read(to);
    const middle = (from + to) >> 1;
    const [first, last] = [from, to].map((at) => heads.get(seqs[at] as number)?.attempt);
    if (middle === from || first === last) continue;
    spans.push([from, middle], [middle, to]);
  }
  const until = clock.monotonic() + PATIENCE;
  for (let at = seqs.length - 1; at >= 0 && clock.monotonic() < until; at--) await read(at);
  const known = seqs.map((each) => heads.get(each)).filter((head) => head !== undefined);
  return { ...pastOf(known), milestones };
}

/** @param heads oldest first */
function pastOf(heads: readonly Envelope[]): Omit<Past, 'milestones'> {
  const attempts: Attempt[] = [];
  let before: Envelope | undefined;
  for (const head of heads) {
    if (before !== undefined && head.attempt > before.attempt) attempts.push(attemptAfter(before, head.attempt));
    before = head;
  }
  const [first] = heads;
  return { start: first?.seq === 1 ? first.savedAt : undefined, attempts };
}

export const attemptAfter = (head: Envelope, attempt = head.attempt + 1): Attempt => ({
  attempt,
  from: head.seq,
  after: head.savedAt,
  wasWaiting: head.status === 'waiting',
});

interface Head {
  readonly head: Envelope;
  /** The milestones whose settlement it holds: of several that settled at once, the head names one. */
  readonly milestones: readonly string[];
}

/** One that is damaged, or gone meanwhile, is passed over: `load` tells of it where it matters. */
async function readHead(store: Store, id: string, seq: number): Promise<Head | undefined> {
  try {
    const stored = await store.load(id, seq);
    if (stored === undefined) return undefined;
    const head = openEnvelope(stored.head, `checkpoint ${seq} of run "${id}"`);
    const milestones = barriersIn(stored.parts.get(partOf.run()));
    return { head, milestones: head.milestone === null ? milestones : [...milestones, head.milestone] };
  } catch (error) {
    if (error instanceof CorruptCheckpointError || error instanceof UnsupportedFormatError) return undefined;
    throw error;
  }
}

function barriersIn(text: string | undefined): string[] {
  if (text === undefined || isPacked(text)) return [];
  try {
    const { barriers = [] } = JSON.parse(text) as { readonly barriers?: readonly { readonly neuron: string }[] };
    return barriers.map(({ neuron }) => neuron);
  } catch {
    return [];
  }
}
