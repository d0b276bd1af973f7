/** What explored signals carry in the place of a payload: whether they descend from what went another way than usual. */
const MARK = 'deviates';

export const mark = (isMarked: boolean): unknown => (isMarked ? MARK : undefined);

/** Of a payload of an activation; that of a set of a join holds payloads, or lists of them, by slot. */
export function hasMark(payload: unknown): boolean {
  if (payload === MARK) return true;
  return typeof payload === 'object' && payload !== null && Object.values(payload).some(hasMark);
}
