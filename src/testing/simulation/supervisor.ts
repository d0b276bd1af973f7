/**
 * Starts the run, follows it, and brings it back wherever it has stopped before its end: what users do with a process
 * manager, `recover()` and `rehydrate()`.
 */
import { AlreadyOwnedError, EngramError } from '../../errors/index.js';
import type { Result } from '../../stimulation/results.js';
import type { Stimulation } from '../../stimulation/stimulation.js';
import { Host } from './host.js';
import { RUN } from './plan.js';
import type { Scene } from './scene.js';

/** How a run has ended, as it was told to who waited for it. */
export type ToldEnd = { readonly result: Result } | { readonly error: EngramError };

const RETRY_AFTER = 100;
/** What says that the run has stopped in a process before its end. */
const STOPPED: ReadonlySet<string> = new Set([
  'RUN_SUSPENDED',
  'SAVE_FAILED',
  'STALE_OWNER',
  'STORE_UNAVAILABLE',
  'ALREADY_OWNED',
]);
const ENDS: ReadonlySet<string> = new Set(['STIMULATION_FAILED', 'STIMULATION_ABORTED']);

export class Supervisor {
  /** Who has the run, as far as is known. */
  holder: Host | undefined;
  told: ToldEnd | undefined;
  readonly #scene: Scene;
  /** Who is bringing it back, or is about to. */
  #bringing: Host | 'soon' | undefined;
  /** It only waits, and nobody has it: the checkpoint in which that was seen. */
  #dormantAt: number | undefined;
  readonly hosts: Host[] = [];
  readonly #leaving = new Set<Host>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  begin(): void {
    this.#start(this.#newHost());
  }

  #newHost(): Host {
    const host = new Host(this.#scene, this.hosts.length + 1);
    this.hosts.push(host);
    return host;
  }

  /** A process that does not have the run. */
  another(): Host {
    const free = this.hosts.find((host) => this.isFree(host) && host !== this.holder);
    return free ?? this.#newHost();
  }

  /** Whether it can be asked for anything. */
  isFree(host: Host): boolean {
    return !host.isDead && !host.isPaused && !this.#leaving.has(host);
  }

  /** Brings the run back where nobody has it. */
  look(): void {
    if (this.told !== undefined) return;
    if (this.#bringing instanceof Object && this.#bringing.isDead) this.#bringing = undefined;
    if (this.holder?.isDead === true) this.holder = undefined;
    // who recovers all runs from time to time sees what a process that has died by now has still stored
    const { seq, index } = this.#scene.journal.stored;
    if (this.#dormantAt !== seq || index?.status !== 'waiting') this.#dormantAt = undefined;
    if (this.holder !== undefined || this.#bringing !== undefined || this.#dormantAt !== undefined) return;
    const { lease } = this.#scene.setting;
    const wait = [10, 700, lease + 1, 60_000][this.#scene.pick(4, 0.4)] ?? 10;
    this.#bringAfter(wait);
  }

  #bringAfter(ms: number): void {
    this.#bringing = 'soon';
    this.#scene.agenda.add(ms, () => {
      this.#bringing = undefined;
      if (this.told === undefined && (this.holder === undefined || this.holder.isDead || this.holder.isPaused)) {
        void this.#bring();
      }
    });
  }

  /** A message has arrived: what is dormant wakes up. */
  onMail(): void {
    if (this.#dormantAt === undefined) return;
    this.#dormantAt = undefined;
    this.#bringAfter(1);
  }

  /** A process stands still: where that is beyond its lease, another one takes the run. */
  onPaused(host: Host, ms: number): void {
    const { agenda, setting } = this.#scene;
    if (ms <= setting.lease) return;
    agenda.add(setting.lease + 1, () => {
      if (this.holder === host && host.isPaused && this.#bringing === undefined && this.told === undefined) {
        void this.#bring();
      }
    });
  }

  /** A process is asked to let go of what it has, and ends. */
  deploy(host: Host): void {
    const scene = this.#scene;
    scene.tell(host, () => 'is asked to let go of the run');
    this.#leaving.add(host);
    const grace = [0, 50][scene.pick(2)] ?? 0;
    host.cns.close({ grace }).then(
      () => scene.trace(host, () => 'has let go'),
      (error: unknown) => this.#checkTyped('close()', error),
    );
  }

  #start(host: Host): void {
    const { entry, output } = this.#scene.setting.plan;
    this.#scene.trace(host, () => 'starts the run');
    this.#follow(host, host.cns.stimulate(entry, { id: RUN, ...(output === undefined ? {} : { output }) }));
  }

  async #bring(): Promise<void> {
    const scene = this.#scene;
    const known = this.hosts.findLast((host) => this.isFree(host));
    const host = known !== undefined && scene.pick(2, 0.5) === 0 ? known : this.#newHost();
    this.#bringing = host;
    const isRecovered = scene.pick(2, 0.3) === 1;
    scene.trace(host, () => (isRecovered ? 'recovers all runs' : 'rehydrates the run'));
    try {
      if (isRecovered) await this.#recover(host);
      else {
        const run = await host.cns.rehydrate(RUN);
        if (host.isDead) return;
        this.#bringing = undefined;
        if (run === undefined) this.#start(host);
        else this.#follow(host, run);
      }
    } catch (error) {
      if (!host.isDead) this.#onRefused(isRecovered ? 'recover()' : 'rehydrate()', error);
    }
  }

  async #recover(host: Host): Promise<void> {
    const { journal } = this.#scene;
    const runs: Stimulation[] = [];
    const { waiting, owned, failed } = await host.cns.recover({ onRun: (run) => void runs.push(run) });
    if (host.isDead) return;
    this.#bringing = undefined;
    const [run] = runs;
    if (run !== undefined) return this.#follow(host, run);
    const error = owned[0]?.error ?? failed[0]?.error;
    if (error !== undefined) return this.#onRefused('recover()', error);
    if (waiting.length > 0) {
      this.holder = undefined;
      this.#dormantAt = journal.stored.seq;
      const due = journal.stored.index?.due ?? null;
      if (due !== null) this.#scene.agenda.add(due - this.#scene.agenda.now, () => this.onMail());
      return;
    }
    if (journal.stored.seq === 0) this.#start(host);
    else this.#bringAfter(RETRY_AFTER);
  }

  #onRefused(what: string, error: unknown): void {
    this.#bringing = undefined;
    if (!this.#checkTyped(what, error)) return;
    const { agenda, journal } = this.#scene;
    this.#scene.trace(null, () => `${what} was refused: ${(error as EngramError).code}`);
    if (error instanceof AlreadyOwnedError) this.#bringAfter(Math.max(1, error.until - agenda.now));
    else if (STOPPED.has((error as EngramError).code)) this.#bringAfter(RETRY_AFTER);
    else journal.violate('I2', `${what} cannot bring the run back: ${String(error)}`);
  }

  #follow(host: Host, run: Stimulation): void {
    this.holder = host;
    this.#dormantAt = undefined;
    run.waitUntilComplete().then(
      (result) => this.#onEnd(host, { result }),
      (error: unknown) => this.#onStopped(host, error),
    );
  }

  #onEnd(host: Host, end: ToldEnd): void {
    if (host.isDead) return;
    this.#scene.trace(host, () => `tells the end: ${'result' in end ? end.result.status : end.error.code}`);
    this.told ??= end;
  }

  #onStopped(host: Host, error: unknown): void {
    if (host.isDead || !this.#checkTyped('the run', error)) return;
    const { code } = error as EngramError;
    if (ENDS.has(code)) return this.#onEnd(host, { error: error as EngramError });
    this.#scene.trace(host, () => `has stopped the run: ${code}`);
    if (!STOPPED.has(code)) {
      this.#scene.journal.violate(
        'I6',
        `the run has stopped in ${host.name} with an error of its own: ${String(error)}`,
      );
    }
    if (this.holder === host) this.holder = undefined;
  }

  #checkTyped(what: string, error: unknown): boolean {
    if (error instanceof EngramError) return true;
    this.#scene.journal.violate('I6', `${what} has rejected with what is no EngramError: ${String(error)}`);
    return false;
  }
}
