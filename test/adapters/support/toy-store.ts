// Rule: a store as somebody else would write one, with what the package publishes alone, run by `node --test`.
// TOY=forgetful gives one that looks at no fence.
import { describe, it } from 'node:test';
import {
  AlreadyOwnedError,
  type Clock,
  InvalidArgumentError,
  LostCheckpointError,
  NotSupportedError,
  StaleCheckpointError,
  StaleOwnerError,
  StoreClosedError,
  UnknownRunError,
} from 'engram';
import {
  type Claim,
  type CreateRequest,
  type Lease,
  type SaveRequest,
  type Store,
  type StoreCapabilities,
  storeConformance,
} from 'engram/adapters/conformance';

interface ToyRun {
  readonly seq: number;
  readonly head: string;
  readonly parts: ReadonlyMap<string, string>;
  readonly fence: number;
  readonly lease: Lease | null;
}

const capabilities: StoreCapabilities = {
  ...{ survives: 'nothing', shared: false },
  ...{ history: false, events: false, inbox: false, list: false },
};

class ToyStore implements Store {
  readonly name = 'toy';
  readonly capabilities = capabilities;
  readonly #runs = new Map<string, ToyRun>();
  #fence = 0;
  #isClosed = false;

  constructor(
    readonly clock: Clock,
    readonly isForgetful: boolean,
  ) {}

  async create({ id, claim, head, parts }: CreateRequest): Promise<Lease | undefined> {
    if (this.#find(id) !== undefined) return undefined;
    if (id === '') throw new InvalidArgumentError('a run has no id', { hint: 'give it one' });
    const lease = this.#lease(claim);
    this.#runs.set(id, { seq: 1, head, parts: new Map(parts), fence: lease.fence, lease });
    return lease;
  }

  async acquire(id: string, claim: Claim): Promise<Lease | undefined> {
    const run = this.#find(id);
    if (run === undefined) return undefined;
    const { lease: held } = run;
    const isFree = held === null || held.until <= this.clock.now() || held.owner.key === claim.owner.key;
    if (!isFree && !claim.isDead(held.owner)) throw new AlreadyOwnedError(id, held.owner.label, held.until);
    const lease = this.#lease(claim);
    this.#runs.set(id, { ...run, fence: lease.fence, lease });
    return lease;
  }

  async renew(id: string, { fence }: Lease, ttl: number): Promise<{ lease: Lease; inbox: number }> {
    const { run, lease: held } = this.#owned(id, fence);
    const lease = { ...held, until: this.clock.now() + ttl };
    this.#runs.set(id, { ...run, lease });
    return { lease, inbox: 0 };
  }

  async release(id: string, { fence }: Lease): Promise<void> {
    const run = this.#find(id);
    if (run?.fence === fence) this.#runs.set(id, { ...run, lease: null });
  }

  async save({ id, seq, fence, parent, head, parts, whole, release }: SaveRequest): Promise<void> {
    const { run } = this.#owned(id, fence);
    if (seq <= run.seq) throw new StaleCheckpointError(id, seq, run.seq);
    if (parent > run.seq && !whole) throw new LostCheckpointError(id, parent, run.seq);
    const after = new Map(whole ? [] : run.parts);
    for (const [name, text] of parts) {
      if (text === null) after.delete(name);
      else after.set(name, text);
    }
    this.#runs.set(id, { ...run, seq, head, parts: after, lease: release ? null : run.lease });
  }

  async load(id: string, seq?: number) {
    const run = this.#find(id);
    if (run === undefined || (seq !== undefined && seq > run.seq)) return undefined;
    if (seq !== undefined && seq < run.seq) throw new NotSupportedError(this.name, 'load an older checkpoint');
    return { id, seq: run.seq, head: run.head, parts: new Map(run.parts) };
  }

  async delete(id: string): Promise<boolean> {
    this.#find(id);
    return this.#runs.delete(id);
  }

  async prune(id: string): Promise<void> {
    this.#find(id);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  history = (): Promise<never> => this.#cannot('tell older checkpoints');
  events = (): Promise<never> => this.#cannot('keep events');
  post = (): Promise<never> => this.#cannot('keep messages');
  inbox = (): Promise<never> => this.#cannot('keep messages');
  list = (): Promise<never> => this.#cannot('list runs');

  async #cannot(what: string): Promise<never> {
    throw new NotSupportedError(this.name, what);
  }

  #find(id: string): ToyRun | undefined {
    if (this.#isClosed) throw new StoreClosedError(this.name);
    return this.#runs.get(id);
  }

  #owned(id: string, fence: number): { readonly run: ToyRun; readonly lease: Lease } {
    const run = this.#find(id);
    if (run === undefined) throw new UnknownRunError(id, this.name);
    if (run.lease === null) throw new StaleOwnerError(id, fence, run.fence + 1);
    if (run.fence < fence && !this.isForgetful) throw new LostCheckpointError(id, run.seq, run.seq);
    if (run.fence !== fence && !this.isForgetful) throw new StaleOwnerError(id, fence, run.fence);
    return { run, lease: run.lease };
  }

  #lease({ owner, ttl }: Claim): Lease {
    this.#fence += 1;
    return { owner, fence: this.#fence, until: this.clock.now() + ttl };
  }
}

storeConformance({
  name: 'toyStore',
  runner: { describe, it },
  capabilities,
  fresh: (clock) => ({ store: new ToyStore(clock, process.env['TOY'] === 'forgetful') }),
});
