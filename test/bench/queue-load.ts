/** What both sides of the queue benchmark agree on. */
export const PLAIN = 'plain';
export const FLOW_NAME = 'chain';
/** Per worker. */
export const AT_ONCE = 50;

const TEXT = 'x'.repeat(840);

/** As long as what the store writes for one milestone. */
export const dataOf = (step: number): object => ({ step, text: TEXT });
