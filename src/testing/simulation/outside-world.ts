/**
 * Those who send signals and aborts from outside. Who has no answer sends again, under the same delivery id, until there
 * is one; some send again although there was one, some come much too late.
 */
import { EngramError } from '../../errors/index.js';
import type { CNS } from '../../stimulation/cns.js';
import type { Host } from './host.js';
import { RUN } from './plan.js';
import type { Scene } from './scene.js';
import type { Supervisor } from './supervisor.js';

interface Message {
  readonly deliveryId: string;
  readonly give: (cns: CNS) => Promise<void>;
  readonly isSignal: boolean;
}

const LATE = [{ fault: 'lateSignals' }] as const;
const AGAIN = [{ fault: 'duplicates' }] as const;
const ABORT = [{ fault: 'aborts' }] as const;
/** No deadline of a flow is as far away. */
const MUCH_LATER = 400 * 86_400_000;
const DELAYS = [0, 1, 700, 60_000];
const AGAIN_AFTER = [1, 30_000, MUCH_LATER];
/** What says that a message is not, and will not be, wanted. */
const REFUSALS: ReadonlySet<string> = new Set(['RUN_ENDED', 'UNDELIVERABLE_SIGNAL']);
const RETRY_AFTER = 100;

export class OutsideWorld {
  /** The delivery ids of signals that were acknowledged. */
  readonly acknowledged = new Set<string>();
  /** How many decisions were made on what comes when: the undisturbed schedule is the one that makes no others. */
  decisions = 0;
  readonly #scene: Scene;
  readonly #supervisor: Supervisor;
  /** Under way, and who has each to pass on. */
  readonly #sent = new Map<Message, Host>();

  constructor(scene: Scene, supervisor: Supervisor) {
    this.#scene = scene;
    this.#supervisor = supervisor;
  }

  /** What comes when is the first thing that is decided. */
  begin(): void {
    const scene = this.#scene;
    for (const { signal, after, deliveryId } of scene.setting.plan.signals) {
      const give = (cns: CNS): Promise<void> => cns.signal(RUN, signal, { deliveryId });
      const isLate = scene.faults.pick(LATE, 0.1) !== undefined;
      const delay = isLate ? MUCH_LATER : (DELAYS[scene.pick(DELAYS.length)] ?? 0);
      if (delay > 0) scene.tell(null, () => `${deliveryId} comes ${delay} ms later`);
      scene.agenda.add(after + delay, () => this.#send({ deliveryId, give, isSignal: true }));
    }
    this.decisions = scene.decisions;
    if (scene.faults.pick(ABORT, 0.3) !== undefined) this.#planAbort();
  }

  #planAbort(): void {
    const scene = this.#scene;
    const delay = DELAYS[scene.pick(DELAYS.length)] ?? 0;
    const compensate = scene.pick(2) === 1;
    scene.tell(null, () => `the run is aborted after ${delay} ms${compensate ? ', and undone' : ''}`);
    const give = (cns: CNS): Promise<void> => cns.abort(RUN, 'simulated', { compensate, deliveryId: 'abort' });
    scene.agenda.add(delay, () => this.#send({ deliveryId: 'abort', give, isSignal: false }));
  }

  /** Whose messenger has died sends again. */
  look(): void {
    for (const [message, host] of this.#sent) if (host.isDead) this.#again(message, RETRY_AFTER);
  }

  #again(message: Message, ms: number): void {
    this.#sent.delete(message);
    this.#scene.agenda.add(ms, () => this.#send(message));
  }

  #send(message: Message): void {
    const scene = this.#scene;
    const { holder } = this.#supervisor;
    const isThere = holder !== undefined && this.#supervisor.isFree(holder);
    const host = isThere && scene.pick(2, 0.2) === 0 ? holder : this.#supervisor.another();
    this.#sent.set(message, host);
    scene.trace(host, () => `is given ${message.deliveryId}`);
    message.give(host.cns).then(
      () => this.#onTaken(message, host),
      (error: unknown) => this.#onRefused(message, host, error),
    );
  }

  #onTaken(message: Message, host: Host): void {
    if (host.isDead) return;
    const scene = this.#scene;
    const { deliveryId } = message;
    scene.trace(host, () => `has taken ${deliveryId}`);
    if (message.isSignal) this.acknowledged.add(deliveryId);
    this.#sent.delete(message);
    this.#supervisor.onMail();
    if (scene.faults.pick(AGAIN, 0.1) === undefined) return;
    const ms = AGAIN_AFTER[scene.pick(AGAIN_AFTER.length)] ?? 1;
    scene.tell(null, () => `${deliveryId} comes once more, ${ms} ms later`);
    this.#again(message, ms);
  }

  #onRefused(message: Message, host: Host, error: unknown): void {
    if (host.isDead) return;
    const scene = this.#scene;
    const { deliveryId } = message;
    if (!(error instanceof EngramError)) {
      scene.journal.violate('I6', `${deliveryId} was refused with what is no EngramError: ${String(error)}`);
      return;
    }
    scene.trace(host, () => `refuses ${deliveryId}: ${error.code}`);
    if (REFUSALS.has(error.code)) this.#sent.delete(message);
    else this.#again(message, RETRY_AFTER);
  }
}
