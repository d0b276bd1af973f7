/** What the keeper of a run is given. */
import type { Clock } from '../clock/clock.js';
import type { Changes } from '../durability/changes.js';
import type { Codec } from '../durability/codec.js';
import type { StoredParts } from '../durability/stored-parts.js';
import type { Store } from '../durability/store.js';
import type { CheckpointPolicy } from './checkpoint-policy.js';
import type { Loss } from './loss.js';
import type { Logger } from './options.js';
import type { Outage } from './outage.js';

export interface KeeperOptions {
  readonly store: Store;
  readonly loss: Loss;
  readonly clock: Clock;
  readonly changes: Changes;
  readonly codec: Codec;
  readonly parts: StoredParts;
  readonly logger: Logger;
  readonly policy: CheckpointPolicy;
  readonly outage: Outage;
  /** How long a lease lasts, in milliseconds. */
  readonly ttl: number;
}
