/** Functions that several scripts begin with, in the language of the server. */

export const TIME = `
local function now_or(given)
  if given ~= '' then return tonumber(given) end
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end
local function whole(n) return string.format('%.0f', n) end`;

/** Greater than every fence given out before: the time stands in for a counter that a crash of the server set back. */
export const FENCE = `
local function next_fence(key, held, now)
  local last = tonumber(redis.call('GET', key) or '0')
  return math.max(last + 1, tonumber(held) + 1, now)
end`;

export const EXPECT = `
local function mistyped(kind, key)
  local found = redis.call('TYPE', key).ok
  if found == 'none' or found == kind then return nil end
  return redis.error_reply('WRONGTYPE ' .. key .. ' is a ' .. found .. ', not a ' .. kind)
end
local function each(list, from, to, call)
  for first = from, to, 4000 do call(unpack(list, first, math.min(first + 3999, to))) end
end`;

/** Where a run stands, read and written: seq, fence, whether it was given up, how many checkpoints, index; nil for none. */
export const STANDS = `
local function stands(r)
  local h = redis.call('HGET', r, 'h')
  if not h then return nil end
  local seq, fence, free, n, index = string.match(h, '^(%d+) (%d+)(%-?) (%d+) (.*)$')
  if not seq then error('where the run stands cannot be read') end
  return seq, fence, free == '-', n, index
end
local function standing(seq, fence, free, n, index)
  return seq .. ' ' .. fence .. (free and '- ' or ' ') .. n .. ' ' .. index
end`;

export const ENDED = `
local function has_ended(index) local c = string.sub(index, 1, 1) return c ~= 'r' and c ~= 'w' end
local function is_lost(x, name)
  return redis.call('ZSCORE', x, 'r' .. name) or redis.call('ZSCORE', x, 'w' .. name)
end`;

/** Lets all keys of a run go at the same time, and remembers in the shard when that is, to tidy its index. */
export const EXPIRE = `
local function expire(name, ttl, x, t)
  local now = now_or('')
  local at = whole(now + ttl)
  for k = 1, 5 do redis.call('PEXPIREAT', KEYS[k], at) end
  redis.call('ZADD', t, at, name)
  for _, gone in ipairs(redis.call('ZRANGEBYSCORE', t, '-inf', '(' .. whole(now), 'LIMIT', 0, 16)) do
    redis.call('ZREM', t, gone)
    local prefix = string.sub(KEYS[1], 1, #KEYS[1] - #name)
    if redis.call('EXISTS', prefix .. gone) == 0 then redis.call('ZREM', x, 'c' .. gone, 'f' .. gone, 'a' .. gone) end
  end
end`;
