/** A world of one schedule: processes, people outside, and the loop that lets things happen one after the other. */
import type { Choices } from './choices.js';
import type { FaultKind } from './faults.js';
import type { Host } from './host.js';
import { OutsideWorld } from './outside-world.js';
import { Scene, type Setting } from './scene.js';
import { Supervisor } from './supervisor.js';

const STRIKES: readonly { readonly fault: FaultKind }[] = [
  { fault: 'crashes' },
  { fault: 'pauses' },
  { fault: 'deploys' },
];

export class World {
  readonly scene: Scene;
  readonly supervisor: Supervisor;
  readonly people: OutsideWorld;
  steps = 0;

  constructor(setting: Setting, choices: Choices, isTraced: boolean) {
    this.scene = new Scene(setting, choices, isTraced);
    this.supervisor = new Supervisor(this.scene);
    this.people = new OutsideWorld(this.scene, this.supervisor);
  }

  /** Until nothing happens any more, an invariant is broken, or too much has happened. */
  async run(): Promise<void> {
    const { agenda, journal, setting, stillness } = this.scene;
    this.people.begin();
    this.supervisor.begin();
    await stillness.reached();
    while (journal.violation === undefined) {
      this.supervisor.look();
      this.people.look();
      if (!agenda.fireNext() && !(await stillness.answered())) return;
      if (++this.steps > setting.steps) {
        journal.violate('liveness', `the run has not come to rest within ${setting.steps} steps`);
        return;
      }
      await stillness.reached();
      if (this.#strikes()) await stillness.reached();
    }
  }

  /** Who has the run may be struck at any moment. @returns whether that happens now */
  #strikes(): boolean {
    const { scene, supervisor } = this;
    const host = supervisor.holder;
    if (host === undefined || !supervisor.isFree(host) || scene.journal.stored.hasEnded) return false;
    const fate = scene.faults.pick(STRIKES, scene.setting.rates.strike)?.fault;
    if (fate === undefined) return false;
    if (fate === 'crashes') host.kill(() => 'at this moment');
    else if (fate === 'pauses') this.#pause(host);
    else supervisor.deploy(host);
    return true;
  }

  /** It stands still, mostly beyond its lease. */
  #pause(host: Host): void {
    const { scene } = this;
    const { lease } = scene.setting;
    const ms = [lease * 2, lease + 1, Math.ceil(lease / 2)][scene.pick(3)] ?? lease;
    scene.tell(host, () => `stands still for ${ms} ms`);
    host.pausedUntil = scene.agenda.now + ms;
    scene.agenda.add(ms, () => scene.trace(host, () => 'goes on'), host);
    this.supervisor.onPaused(host, ms);
  }

  /** Nothing of it goes on: what is left of it may be forgotten. */
  end(): void {
    for (const host of this.supervisor.hosts) if (!host.isDead) host.end();
  }
}
