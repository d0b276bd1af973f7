/**
 * The store contract: all that the library asks of a place where runs are kept, and all that a caller may rely on.
 *
 * Job: keep texts, in order, under the rules below. Not its job: what the texts mean. Every `head`, part
 * and event is a JSON text without a raw line break, so that a store may embed it in a line or a document as it is.
 *
 * What holds for every method:
 *  - it is atomic: another process sees all of it or nothing, and so does the next process after a crash;
 *  - when its promise resolves, what it wrote survives what the store's `capabilities.survives` says;
 *  - a write that cannot happen rejects with a typed error and leaves what was stored before untouched;
 *  - ids are any non-empty strings, of any length and with any characters: the store makes them safe for itself;
 *  - texts that come back are the texts that went in; nothing is shared with the caller;
 *  - what its capabilities say that it cannot do rejects with `NotSupportedError`.
 */

/** The process that holds a run. Identified so that another one on the same host can prove that it is dead. */
export interface Owner {
  /** Unique per process and CNS; what two owners are compared by. */
  readonly key: string;
  /** For messages, e.g. `pid 4711 on build-7`. */
  readonly label: string;
  /** Identity of the boot of the machine; empty where it cannot be known. */
  readonly boot: string;
  /** Identity of the pid namespace; empty where it cannot be known. */
  readonly namespace: string;
  readonly pid: number;
  /** When the process started, in the units of its system; empty where it cannot be known. */
  readonly started: string;
}

export interface Lease {
  readonly owner: Owner;
  /** The fencing token: grows by at least one with every new holder of this run. */
  readonly fence: number;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

export interface Claim {
  readonly owner: Owner;
  /** How long the lease lasts unless renewed, in milliseconds. */
  readonly ttl: number;
  /** Tells whether another owner is provably dead, so that its lease need not be waited for. */
  readonly isDead: (owner: Owner) => boolean;
}

/** What a store may index a run by, to list runs without reading their texts. */
export interface RunIndex {
  readonly status: 'running' | 'waiting' | 'completed' | 'failed' | 'aborted';
  /** The name of the graph. */
  readonly graph: string;
  /** When the run is due to go on by itself (milliseconds since the epoch), or null. */
  readonly due: number | null;
}

/** Whether a run of this status does nothing more by itself. */
export const hasEnded = ({ status }: RunIndex): boolean => status !== 'running' && status !== 'waiting';

/** Part name to text; null deletes the part. */
export type PartChanges = ReadonlyMap<string, string | null>;

export interface CreateRequest {
  readonly id: string;
  readonly claim: Claim;
  readonly head: string;
  readonly parts: ReadonlyMap<string, string>;
  readonly events: readonly string[];
  readonly index: RunIndex;
}

export interface SaveRequest {
  readonly id: string;
  /** Newer than every `seq` stored for this run, else `StaleCheckpointError` (I3). */
  readonly seq: number;
  /** The fence of the lease that the caller holds; an older one than the newest is refused with `StaleOwnerError` (I5). */
  readonly fence: number;
  readonly head: string;
  /**
   * The newest checkpoint that the caller knows to be stored. `parts` holds all that has changed since, so one that is
   * newer may be there (the answer to its save was lost). Where only older ones are, the store has lost what it had
   * acknowledged, and what is built on that is refused with `LostCheckpointError`, unless it is `whole`. The same where
   * the newest fence that the store knows is older than the one of the caller, `whole` or not.
   */
  readonly parent: number;
  /** What changed since `parent`; with `whole`, everything there is. */
  readonly parts: PartChanges;
  /** The parts replace all stored ones instead of changing them. */
  readonly whole: boolean;
  /** What happened since the last save, oldest first; appended to the run's events. */
  readonly events: readonly string[];
  /** Delivery ids that this checkpoint holds: they leave the inbox with it. */
  readonly ackInbox: readonly string[];
  readonly index: RunIndex;
  /** Give the lease up with this save (the end of the run). */
  readonly release: boolean;
  /**
   * Delivery ids of messages that the caller has read and leaves where they are. Where one waits that is neither among
   * these nor in `ackInbox`, the save is refused with `UnreadMessagesError`: a run does not end over a message that it
   * has not read. Missing: not asked. Only a store whose capabilities say `sealsInbox` is told.
   */
  readonly leaves?: readonly string[] | undefined;
}

export interface InboxMessage {
  /** The same delivery id twice is one message. */
  readonly deliveryId: string;
  /** A JSON text. */
  readonly body: string;
}

export interface StoredCheckpoint {
  readonly id: string;
  readonly seq: number;
  readonly head: string;
  /** The whole state at `seq`. */
  readonly parts: ReadonlyMap<string, string>;
}

export interface TakenRun {
  readonly lease: Lease;
  /** How many messages no save has acknowledged. */
  readonly inbox: number;
  /** The newest. @throws CorruptCheckpointError when it cannot be read; older ones may still be */
  readonly checkpoint: () => StoredCheckpoint;
}

export interface RunSummary {
  readonly id: string;
  /** The newest checkpoint. */
  readonly seq: number;
  readonly head: string;
  readonly index: RunIndex;
  /** The lease as last taken, if it was not released; it may have expired. */
  readonly lease: Lease | null;
  /** How many messages no save has acknowledged. */
  readonly inbox: number;
}

export interface ListQuery {
  /** Only runs with one of these. Empty or missing: all. */
  readonly status?: readonly RunIndex['status'][];
  readonly graph?: string;
  /** Only runs with `due` at or before this. */
  readonly dueBefore?: number;
  /** From the page before. */
  readonly cursor?: string;
  /** At most this many; 100 unless told. */
  readonly limit?: number;
}

export interface RunPage {
  /** In the order of ids (by UTF-16 code unit). A run that exists during the whole paging is listed exactly once. */
  readonly runs: readonly RunSummary[];
  /** Missing on the last page. */
  readonly cursor?: string;
}

export interface StoreCapabilities {
  /** What an acknowledged write survives. */
  readonly survives: 'nothing' | 'process' | 'machine';
  /** Whether several processes may use it at once. */
  readonly shared: boolean;
  /** Whether checkpoints before the newest can be loaded. */
  readonly history: boolean;
  /** Whether events are kept. */
  readonly events: boolean;
  /** Whether `post` works. */
  readonly inbox: boolean;
  /**
   * Whether `SaveRequest.leaves` is heeded, in one step with the save: a message that is posted meanwhile makes the
   * save be refused, or is refused because the run has ended. False unless told.
   */
  readonly sealsInbox?: boolean;
  /** Whether runs can be listed. */
  readonly list: boolean;
}

export interface Store {
  /** For messages, e.g. `file:.engram`. */
  readonly name: string;
  readonly capabilities: StoreCapabilities;

  /**
   * Stores the first checkpoint (seq 1) of a new run and takes its lease, in one step.
   * @returns the lease, or undefined when a run of this id is there already (nothing was changed)
   */
  create(request: CreateRequest): Promise<Lease | undefined>;

  /**
   * Takes the lease of a stored run: free, expired, of a dead owner, or the caller's own (which gets a new fence too).
   * @returns the lease, or undefined when there is no such run
   * @throws AlreadyOwnedError while another living owner holds it
   */
  acquire(id: string, claim: Claim): Promise<Lease | undefined>;

  /**
   * `acquire`, and with it the newest checkpoint, in one step. A store may leave it out: it is asked for one after the
   * other then.
   * @returns what `acquire` does @throws what `acquire` does
   */
  take?(id: string, claim: Claim): Promise<TakenRun | undefined>;

  /**
   * Makes a lease last `ttl` milliseconds from now, also one that has expired and that nobody took.
   * @returns the new lease and how many messages wait in the run's inbox
   * @throws StaleOwnerError when somebody else took it or it was given up, LostCheckpointError when the store has lost
   * that it was taken, UnknownRunError when the run is gone
   */
  renew(id: string, lease: Lease, ttl: number): Promise<{ readonly lease: Lease; readonly inbox: number }>;

  /** Gives a lease up. Does nothing when it is no longer the caller's. */
  release(id: string, lease: Lease): Promise<void>;

  /**
   * Stores a checkpoint. A save whose text is on its way when the caller dies is stored whole or not at all.
   * @throws StaleOwnerError (also when the lease was given up), StaleCheckpointError, LostCheckpointError,
   * UnreadMessagesError, UnknownRunError, StoreUnavailableError; a save that waited behind a failed one fails with it,
   * since it builds on it
   */
  save(request: SaveRequest): Promise<void>;

  /**
   * Loads the newest checkpoint, or the one of `seq`.
   * @returns undefined when there is no such run, or no such checkpoint of it
   * @throws CorruptCheckpointError when that checkpoint cannot be read; older ones may still be
   */
  load(id: string, seq?: number): Promise<StoredCheckpoint | undefined>;

  /** The checkpoints that can be asked for with `load`, newest first, damaged ones included. Empty for an unknown run. */
  history(id: string): Promise<readonly number[]>;

  /** The events of a run, oldest first. */
  events(id: string): Promise<readonly string[]>;

  /**
   * Puts a message into the inbox of a run, from any process, without a lease. The same delivery id again does
   * nothing, also after it was acknowledged and after the run has ended.
   * @throws UnknownRunError; RunEndedError when the newest checkpoint says that the run has ended
   */
  post(id: string, message: InboxMessage): Promise<void>;

  /** The messages that no save has acknowledged, oldest first. */
  inbox(id: string): Promise<readonly InboxMessage[]>;

  /** One page of the runs there are. */
  list(query?: ListQuery): Promise<RunPage>;

  /** Forgets checkpoints before the newest `keep` ones. Never the newest. */
  prune(id: string, keep: number): Promise<void>;

  /** Forgets a run, its events and its inbox. @returns false when there was none. */
  delete(id: string): Promise<boolean>;

  /** Finishes what is on its way and lets go of everything. Later calls reject with `StoreClosedError`. Twice is once. */
  close(): Promise<void>;
}
