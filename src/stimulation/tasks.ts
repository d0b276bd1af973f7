/** Tasks: activations of a run as its user sees them, and as another run takes them up. */
import { z } from 'zod';
import { InvalidArgumentError } from '../errors/index.js';
import { type Activation, idOf, undoneId } from '../propagation/activation.js';
import { causeText, taskCause } from '../propagation/cause.js';
import type { ActivationRecord, Details } from '../propagation/context.js';
import type { TaskData } from '../propagation/events.js';
import { imageOf } from '../propagation/image.js';
import { detailsIn } from '../propagation/tasks.js';
import type { FailedTask, Task } from './results.js';

const taskDetails = (runId: string, { attempt, due, expects, within, otherwise, undoes }: Details) => ({
  ...(attempt === undefined ? {} : { attempt }),
  ...(due === undefined ? {} : { due }),
  ...(expects === undefined ? {} : { expects }),
  ...(within === undefined ? {} : { within }),
  ...(otherwise === undefined ? {} : { otherwise }),
  ...(undoes === undefined ? {} : { undoes: undoneId({ id: runId }, undoes) }),
});

/** A recorded activation as a task. */
export function taskOf(runId: string, record: ActivationRecord): Task {
  const { activation, neuron, dendrite, collateral, payload, origin } = record;
  const id = origin ?? `${runId}/${activation}`;
  return { id, neuron, dendrite, collateral, payload, ...taskDetails(runId, record) };
}

/** A pending activation as a task. */
export const pendingTask = (run: { readonly id: string }, activation: Activation): Task => ({
  ...taskOf(run.id, imageOf(activation)),
  id: idOf(run, activation),
});

const given = z.object({
  id: z.string().min(1),
  neuron: z.string(),
  dendrite: z.string(),
  payload: z.unknown().optional(), // JSON leaves undefined out
  attempt: z.int().min(1).optional(),
  due: z.number().optional(),
  expects: z.string().optional(),
  within: z.number().min(0).optional(),
  otherwise: z.object({ collateral: z.string(), payload: z.unknown().optional() }).optional(),
  undoes: z.string().min(1).optional(),
});

/**
 * What a run begins with, from a task or a failed task, live or after JSON.
 * @throws InvalidArgumentError saying what of it is wrong
 */
export function taskData(task: Task | FailedTask, index: number): TaskData {
  const isFailed = typeof task === 'object' && (task as unknown) !== null && 'task' in task;
  const checked = given.safeParse(isFailed ? task.task : task);
  if (!checked.success) {
    const problems = checked.error.issues.map(({ path, message }) => [...path.map(String), message].join(': '));
    throw new InvalidArgumentError(`activate: entry ${index} is no task (${problems.join('; ')})`, {
      hint: 'give it tasks of `getFailedTasks()` or `getOutstandingTasks()`, as they are or after JSON',
    });
  }
  const { id, neuron, dendrite, payload, attempt = 1, ...details } = checked.data;
  return {
    activation: causeText(taskCause(id)),
    neuron,
    dendrite,
    payload,
    ...(attempt === 1 ? {} : { attempt }),
    ...detailsIn(details as Details),
    origin: id,
  };
}
