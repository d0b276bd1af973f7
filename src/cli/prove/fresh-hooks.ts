/**
 * Node's own imports, afresh: what a module imports by a relative path belongs to the same life as the module. Runs in
 * the thread of the hooks; the life stands in the query of the URL, by which Node tells modules apart.
 */
import type { ResolveHook } from 'node:module';

export const LIFE = 'engram-life';

const IS_PATH = /^(\.{1,2}\/|\/|file:)/;

export const resolve: ResolveHook = async (specifier, context, next) => {
  const found = await next(specifier, context);
  const life = context.parentURL === undefined ? null : lifeOf(context.parentURL);
  if (life === null || !IS_PATH.test(specifier) || !found.url.startsWith('file:')) return found;
  const url = new URL(found.url);
  url.searchParams.set(LIFE, life);
  return { ...found, url: url.href };
};

const lifeOf = (url: string): string | null => (url.startsWith('file:') ? new URL(url).searchParams.get(LIFE) : null);
