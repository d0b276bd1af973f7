import { bytesText } from './bytes-text.js';
import { describeError, EngramError } from './engram-error.js';

/** A run of this id is stored already, and was started with another entry. */
export class RunExistsError extends EngramError {
  readonly code = 'RUN_EXISTS';
  constructor(readonly id: string) {
    super(`a run "${id}" exists already and was started with another entry`, {
      hint: 'choose another id, or rehydrate the run that is there',
    });
  }
}

/** The store holds no run of this id. */
export class UnknownRunError extends EngramError {
  readonly code = 'UNKNOWN_RUN';
  constructor(
    readonly id: string,
    where: string,
  ) {
    super(`there is no run "${id}" in ${where}`, { hint: 'list the runs that are there with `engram ls`' });
  }
}

/** A message for a run that has ended: nobody would read it. */
export class RunEndedError extends EngramError {
  readonly code = 'RUN_ENDED';
  constructor(
    readonly id: string,
    /** How it has ended. */
    readonly status: string,
  ) {
    super(`run "${id}" has ended (${status}) and takes no messages`, {
      hint: 'start another run, or do once more what this one has failed with `rehydrate(id, { retry: true })`',
    });
  }
}

/** A store was asked for what its capabilities say that it cannot do. */
export class NotSupportedError extends EngramError {
  readonly code = 'NOT_SUPPORTED';
  constructor(
    readonly store: string,
    /** What was asked for, e.g. `list runs`. */
    readonly what: string,
  ) {
    super(`${store} cannot ${what}`, { hint: 'use a store that can: `fileStore`, `redisStore` or `memoryStore`' });
  }
}

/** Another process holds the lease of this run. */
export class AlreadyOwnedError extends EngramError {
  readonly code = 'ALREADY_OWNED';
  override readonly retryable = true;
  constructor(
    readonly id: string,
    /** Who holds it, for a person. */
    readonly owner: string,
    /** Milliseconds since the epoch. */
    readonly until: number,
  ) {
    super(`run "${id}" is owned by ${owner} until ${new Date(until).toISOString()}`, {
      hint: 'wait for it to end, or try again after that time: a lease that is not renewed expires',
    });
  }
}

/** A write under a fence that is no longer the newest: somebody took the run over (I5). */
export class StaleOwnerError extends EngramError {
  readonly code = 'STALE_OWNER';
  constructor(
    readonly id: string,
    readonly fence: number,
    readonly newest: number,
  ) {
    super(`run "${id}" was taken over: fence ${fence} is older than ${newest}`, {
      hint: 'this process has stopped the run and touched nothing; its new owner goes on from the last checkpoint',
    });
  }
}

/** A checkpoint that is not newer than what the store holds (I3). */
export class StaleCheckpointError extends EngramError {
  readonly code = 'STALE_CHECKPOINT';
  constructor(
    readonly id: string,
    readonly seq: number,
    readonly newest: number,
  ) {
    super(`checkpoint ${seq} of run "${id}" is refused: the store holds ${newest} already`, {
      hint: 'load the run again and go on from its newest checkpoint',
    });
  }
}

/** A save that builds on a checkpoint, or on a lease, which the store had acknowledged and does not have any more. */
export class LostCheckpointError extends EngramError {
  readonly code = 'LOST_CHECKPOINT';
  constructor(
    readonly id: string,
    readonly parent: number,
    readonly newest: number,
  ) {
    const lost = parent > newest ? `it has it up to ${newest} only` : 'it does not know who holds it';
    super(`the store has lost what it acknowledged of run "${id}": it was stored up to checkpoint ${parent}, ${lost}`, {
      hint: 'save the whole state; and let the store keep what it acknowledges (on Redis: appendonly yes, appendfsync always)',
    });
  }
}

/** A save that ends a run while messages wait which it has not read. */
export class UnreadMessagesError extends EngramError {
  readonly code = 'UNREAD_MESSAGES';
  constructor(
    readonly id: string,
    /** How many there are, at least. */
    readonly unread: number,
  ) {
    const messages = unread === 1 ? 'one message in its inbox was' : `${unread} messages in its inbox were`;
    super(`run "${id}" is not to end yet: ${messages} not read`, {
      hint: 'read the inbox, then save again with all of it in `ackInbox` and `leaves`',
    });
  }
}

/** The store could not do what was asked: disk full, read-only, no permission, connection lost. */
export class StoreUnavailableError extends EngramError {
  readonly code = 'STORE_UNAVAILABLE';
  override readonly retryable = true;
  constructor(what: string, cause: unknown, hint = 'mend the store, then try again; what was stored is intact') {
    super(`${what}: ${describeError(cause)}`, { cause, hint });
  }
}

/** A call on a store that was closed. */
export class StoreClosedError extends EngramError {
  readonly code = 'STORE_CLOSED';
  constructor(where: string) {
    super(`${where} is closed`, { hint: 'make a new store; a closed one stays closed' });
  }
}

/** Something stored is damaged. Names the place. */
export class CorruptCheckpointError extends EngramError {
  readonly code = 'CORRUPT_CHECKPOINT';
  constructor(
    readonly where: string,
    readonly what: string,
    cause?: unknown,
  ) {
    super(`${where} is damaged: ${what}`, {
      cause,
      hint: 'the newest undamaged checkpoint is used where there is one; restore the file from a backup otherwise',
    });
  }
}

/** Not one checkpoint of the run can be read. */
export class NoValidCheckpointError extends EngramError {
  readonly code = 'NO_VALID_CHECKPOINT';
  constructor(
    readonly id: string,
    readonly damage: readonly string[],
    /** Whether it can begin again: what it was started with can be read. */
    readonly hasEntry: boolean,
  ) {
    super(`no checkpoint of run "${id}" can be read: ${damage.join('; ')}`, {
      hint: hasEntry
        ? 'restore the store from a backup, or let the run do everything again: `rehydrate(id, { fromEntry: true })`'
        : 'restore the store from a backup, or give the run up: `store.delete(id)`, and its id is free',
    });
  }
}

/** Stored by another version of the format, or not by this library at all. */
export class UnsupportedFormatError extends EngramError {
  readonly code = 'UNSUPPORTED_FORMAT';
  constructor(
    readonly where: string,
    got: string,
    supported: string,
    hint = 'use the version of engram that wrote it, or a newer one; nothing was changed',
  ) {
    super(`${where} has ${got}; this version reads ${supported}`, { hint });
  }
}

/** A stored run needs what the graph does not have, or holds what does not fit the graph's schemas. */
export class GraphMismatchError extends EngramError {
  readonly code = 'GRAPH_MISMATCH';
  constructor(
    readonly id: string,
    /** What the run needs and the graph does not have. */
    readonly gone: readonly string[],
    /** What the run holds and no schema of the graph takes. */
    readonly misfits: readonly string[] = [],
  ) {
    const what = gone.length === 0 ? 'holds what this graph does not take' : 'was stored by another graph';
    super(`run "${id}" ${what}: ${[...gone, ...misfits].join('; ')}`, {
      hint: [gone.length === 0 ? '' : GONE, misfits.length === 0 ? '' : MISFITS].filter(Boolean).join('; '),
    });
  }
}

const GONE =
  'bring back what is gone under the same name, give the CNS a `migrate`, or run the version of the flow that stored it';
const MISFITS =
  'while a run goes on, schemas are not asked of what its own neurons emit and keep: make the schema take what is stored, or mend the handler that made it and give the CNS a `migrate` for what is stored already';

/** A value that cannot be stored without loss. */
export class UnserializableError extends EngramError {
  readonly code = 'UNSERIALIZABLE';
  constructor(
    /** Where in the object, e.g. `order.lines[3].price`. */
    readonly path: string,
    readonly what: string,
  ) {
    super(`${path} is ${what}, which cannot be stored without loss`, {
      hint: 'keep plain data, Date, Map, Set, BigInt, Error, URL, RegExp or typed arrays; make anything else again from data',
    });
  }
}

/** A checkpoint that is larger than the user allows (`limits`). What was stored before is intact. */
export class CheckpointTooLargeError extends EngramError {
  readonly code = 'CHECKPOINT_TOO_LARGE';
  constructor(
    /** The value that is too large, or the largest of all, e.g. `the context of neuron "order"`. */
    readonly what: string,
    /** Of the value, or of all that is stored of the run; before compression. */
    readonly bytes: number,
    readonly limit: number,
    /** How many of `bytes` are those of `what`, where the limit is one of the whole checkpoint. */
    readonly share?: number,
  ) {
    super(
      share === undefined
        ? `${what} has ${bytesText(bytes)}, more than the ${bytesText(limit)} that a part of a checkpoint may have`
        : `the checkpoint has ${bytesText(bytes)}, more than the ${bytesText(limit)} that it may have; the largest of it is ${what} (${bytesText(share)})`,
      {
        hint: `keep less in it, e.g. the name of a file instead of its content; or raise limits.${share === undefined ? 'part' : 'checkpoint'} and rehydrate the run: the checkpoints before this one are intact`,
      },
    );
  }
}

const GONE_FROM_STORE =
  'it was deleted, or the store has lost all of it: let it keep what it acknowledges (on Redis: appendonly yes, maxmemory-policy noeviction), and start the run again';

/** A checkpoint could not be stored, and the run stops (`onSaveFailure: 'fail'`). */
export class SaveFailedError extends EngramError {
  readonly code = 'SAVE_FAILED';
  override readonly retryable: boolean;
  constructor(
    readonly id: string,
    readonly seq: number,
    cause: unknown,
  ) {
    super(`checkpoint ${seq} of run "${id}" could not be stored: ${describeError(cause)}`, {
      cause,
      hint:
        (cause instanceof UnknownRunError ? GONE_FROM_STORE : cause instanceof EngramError ? cause.hint : undefined) ??
        'the checkpoints before it are intact: mend the store, then rehydrate the run',
    });
    this.retryable = cause instanceof EngramError ? cause.retryable : true;
  }
}

/** What was asked needs a store, and the CNS has none; or the store cannot do it. */
export class StoreRequiredError extends EngramError {
  readonly code = 'STORE_REQUIRED';
  constructor(what: string) {
    super(`${what} needs a store`, { hint: "give one: new CNS(neurons, { store: fileStore({ dir: '.engram' }) })" });
  }
}

/** The run was let go by `cns.close()`; it is unfinished and stored. */
export class RunSuspendedError extends EngramError {
  readonly code = 'RUN_SUSPENDED';
  override readonly retryable = true;
  constructor(readonly id: string) {
    super(`run "${id}" was let go before its end: its CNS was closed`, {
      hint: 'it goes on from its last milestone wherever it is rehydrated',
    });
  }
}
