/** The error that a promise or a call ends with; fails the test when there is none. */
export async function caught(of: PromiseLike<unknown> | (() => unknown)): Promise<unknown> {
  try {
    await (typeof of === 'function' ? of() : of);
  } catch (error) {
    return error;
  }
  throw new TypeError('nothing was thrown');
}
