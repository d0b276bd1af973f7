/** Where a run stands: the text that the scripts compare and write. */
export interface Standing {
  /** Of the newest checkpoint. */
  readonly seq: number;
  readonly fence: number;
  /** How many checkpoints there are. */
  readonly count: number;
  /** As names.ts encodes it. */
  readonly index: string;
}

const TEXT = /^(\d+) (\d+) (\d+) (.*)$/s;

/** As the scripts write it. @param isFree the run is given up */
export const standingText = ({ seq, fence, count, index }: Standing, isFree = false): string =>
  `${seq} ${fence}${isFree ? '-' : ''} ${count} ${index}`;

/** @returns undefined for what is none, or that of a run which was given up */
export function standingOf(text: string): Standing | undefined {
  const [, seq, fence, count, index = ''] = TEXT.exec(text) ?? [];
  if (seq === undefined) return undefined;
  return { seq: Number(seq), fence: Number(fence), count: Number(count), index };
}
