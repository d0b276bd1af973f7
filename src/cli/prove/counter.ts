/** Says on a terminal that a proof goes on, in one line that is gone when it ends. */
import type { Output } from '../output.js';
import { counted } from '../text.js';

const EACH = 5;

export interface Counter {
  next(): void;
  end(): void;
}

export function countProcesses(output: Output): Counter {
  let count = 0;
  const show = (text: string) => output.isLive && output.write(`\r\u001b[K${text}`);
  return {
    next: () => {
      if (count++ % EACH === 0) show(`${counted(count, 'process', 'processes')} so far`);
    },
    end: () => void show(''),
  };
}
