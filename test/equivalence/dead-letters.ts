/** The development build of XState warns of every answer that comes after the end: here they come by the thousand. */
export async function withoutDeadLetters<T>(work: () => Promise<T>): Promise<T> {
  const { warn } = console;
  console.warn = (...said: unknown[]) => {
    if (!String(said[0]).includes('was sent to stopped actor')) warn(...said);
  };
  try {
    return await work();
  } finally {
    console.warn = warn;
  }
}
