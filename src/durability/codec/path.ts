import { UnserializableError } from '../../errors/index.js';

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;
const STEPS_SHOWN = 12;

/** A place in a map or a set, which no property leads to. */
export interface Place {
  readonly of: 'key' | 'value';
  readonly position: number;
  /** The key that a map holds the value under; missing for the member of a set. */
  readonly key?: unknown;
}

/** Where the walk is: what leads from each object to the next. Written out only when something is refused. */
export type Step = string | symbol | number | Place;

function written(step: Step): string {
  if (typeof step === 'number') return `[${step}]`;
  if (typeof step === 'symbol') return `[${String(step)}]`;
  if (typeof step === 'string') return IDENTIFIER.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
  const { key } = step;
  if (step.of === 'key') return `.keys()[${step.position}]`;
  if (typeof key === 'string') return `.get(${JSON.stringify(key)})`;
  if (typeof key === 'number' || typeof key === 'boolean') return `.get(${key})`;
  return `.values()[${step.position}]`;
}

/** `context/order` + `.lines`, `[3]`, `.price` = `context/order.lines[3].price`. */
function pathOf(root: string, trail: readonly Step[]): string {
  const path = root + trail.map(written).join('');
  return root === '' && path.startsWith('.') ? path.slice(1) : path;
}

export function refuse(root: string, trail: readonly Step[], what: string): never {
  throw new UnserializableError(pathOf(root, trail), what);
}

/** The same for a place so deep that its path is of no use: only where it begins. */
export function refuseDepth(root: string, trail: readonly Step[], what: string): never {
  throw new UnserializableError(`${pathOf(root, trail.slice(0, STEPS_SHOWN))}…`, what);
}
