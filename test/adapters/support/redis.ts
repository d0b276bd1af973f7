/** Hands on a real Redis server, beside the store. */
import { randomUUID } from 'node:crypto';
import { createClient } from 'redis';
import { onTestFinished } from 'vitest';

/** Nobody else has it. */
export function freshPrefix(): string {
  return `test-${randomUUID()}:`;
}

/** A client of this test alone. */
export async function connected(url: string) {
  const client = createClient({ url });
  client.on('error', () => undefined);
  await client.connect();
  onTestFinished(() => client.destroy());
  return client;
}

export async function removeKeys(url: string, prefix: string): Promise<void> {
  const client = createClient({ url });
  await client.connect();
  for await (const keys of client.scanIterator({ MATCH: `${prefix}*`, COUNT: 1000 })) {
    if (keys.length > 0) await client.del(keys);
  }
  await client.close();
}
