/** The one place of `src/` that knows XState: what a run's actor is called in types. */
import type { Actor } from 'xstate';
import type { RunLogic } from '../../machines/logic.js';

export type RunActor = Actor<RunLogic>;
