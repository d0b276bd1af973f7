/**
 * What runs inside the server: one script for each method, atomic there.
 *
 * Rules:
 *  - whatever can be refused is refused before the first write, and the types of the keys are looked at before it too,
 *    so that a script writes all or nothing;
 *  - ARGV[1] is '1' when the same call was sent before and its answer was lost;
 *  - texts of runs go through as they are: nothing is parsed here but the facts of a checkpoint, which are short.
 *
 * Fields of the hash of a run: s newest seq, f fence, o owner (JSON, empty when the lease was given up), k key of the
 * owner, u until when the lease lasts, i index, n how many checkpoints, l the oldest of them once the base holds its
 * parts, z how many parts the base holds, w how many messages wait, q how many were posted, m the mark of the call that
 * created it; <seq> the record of a checkpoint (`<seq before> <facts>\n<head>`), <seq>:<part> the text of a part.
 */
import { createHash } from 'node:crypto';

export interface Script {
  readonly text: string;
  readonly sha: string;
}

/** Functions that several scripts begin with. */
const TIME = `
local function now_or(given)
  if given ~= '' then return tonumber(given) end
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end
local function whole(n) return string.format('%.0f', n) end`;

/** Greater than every fence given out before: the time stands in for a counter that a crash of the server set back. */
const FENCE = `
local function next_fence(key, held)
  local last = tonumber(redis.call('GET', key) or '0')
  return math.max(last + 1, tonumber(held) + 1, now_or(''))
end`;

const EXPECT = `
local function mistyped(kind, key)
  local found = redis.call('TYPE', key).ok
  if found == 'none' or found == kind then return nil end
  return redis.error_reply('WRONGTYPE ' .. key .. ' is a ' .. found .. ', not a ' .. kind)
end
local function each(list, from, to, call)
  for first = from, to, 4000 do call(unpack(list, first, math.min(first + 3999, to))) end
end`;

const ENDED = `
local function has_ended(index) local c = string.sub(index, 1, 1) return c ~= 'r' and c ~= 'w' end
local function is_lost(x, name)
  return redis.call('ZSCORE', x, 'r' .. name) or redis.call('ZSCORE', x, 'w' .. name)
end`;

/** KEYS r e b i a x f; ARGV retry, name, mark, owner key, owner, ttl, now, index, facts and head, events, parts. */
const create = script(`${TIME}${FENCE}${EXPECT}${ENDED}
local r, e, b, i, a, x, f = unpack(KEYS)
local name = ARGV[2]
local m = redis.call('HMGET', r, 's', 'm', 'f', 'u')
if m[1] then
  if m[2] == ARGV[3] then return {'lease', m[3], m[4]} end
  return {'exists'}
end
if is_lost(x, name) then return {'lost'} end
local fence = whole(next_fence(f, 0))
local until_ = whole(now_or(ARGV[7]) + ARGV[6])
redis.call('SET', f, fence)
redis.call('DEL', e, b, i, a, r)
redis.call('ZREM', x, 'c' .. name, 'f' .. name, 'a' .. name)
if ARGV[10] ~= '' then redis.call('RPUSH', e, ARGV[10]) end
redis.call('ZADD', x, 0, string.sub(ARGV[8], 1, 1) .. name)
each(ARGV, 11, #ARGV, function (...) redis.call('HSET', r, ...) end)
redis.call('HSET', r, 's', 1, 'f', fence, 'o', ARGV[5], 'k', ARGV[4], 'u', until_, 'i', ARGV[8], 'n', 1, 'm', ARGV[3],
  '1', '0 ' .. ARGV[9])
return {'lease', fence, until_}`);

/** KEYS r e b i a x f; ARGV retry, name, owner key, owner, ttl, now, the fence that may be taken from a living owner. */
const acquire = script(`${TIME}${FENCE}${EXPECT}${ENDED}
local r, e, b, i, a, x, f = unpack(KEYS)
local m = redis.call('HMGET', r, 's', 'f', 'o', 'k', 'u', 'i')
if not m[1] then
  if is_lost(x, ARGV[2]) then return {'lost'} end
  return {'unknown'}
end
local now = now_or(ARGV[6])
if m[3] ~= '' and m[4] ~= ARGV[3] and tonumber(m[5]) > now and m[2] ~= ARGV[7] then
  return {'held', m[2], m[5], m[3]}
end
local fence = whole(next_fence(f, m[2]))
local until_ = whole(now + ARGV[5])
redis.call('SET', f, fence)
redis.call('HSET', r, 'f', fence, 'o', ARGV[4], 'k', ARGV[3], 'u', until_)
if has_ended(m[6]) then
  for at = 1, 5 do redis.call('PERSIST', KEYS[at]) end
end
return {'lease', fence, until_}`);

/** KEYS r; ARGV retry, fence, ttl, now. */
const renew = script(`${TIME}
local m = redis.call('HMGET', KEYS[1], 's', 'f', 'o', 'w')
if not m[1] then return {'unknown'} end
if tonumber(m[2]) < tonumber(ARGV[2]) then return {'lost checkpoint', m[1], m[1]} end
if m[2] ~= ARGV[2] or m[3] == '' then return {'stale owner', m[2], m[3] == '' and 'released' or ''} end
local until_ = whole(now_or(ARGV[4]) + ARGV[3])
redis.call('HSET', KEYS[1], 'u', until_)
return {'renewed', until_, m[4] or '0'}`);

/** Lets all keys of a run go at the same time, and remembers in the shard when that is, to tidy its index. */
const EXPIRE = `
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

/** KEYS r e b i a x t; ARGV retry, name, fence, time that a run which has ended is kept or 0. */
const release = script(`${TIME}${EXPECT}${ENDED}${EXPIRE}
local m = redis.call('HMGET', KEYS[1], 'f', 'i')
if m[1] ~= ARGV[3] then return 0 end
local wrong = mistyped('zset', KEYS[6]) or mistyped('zset', KEYS[7])
if wrong then return wrong end
redis.call('HSET', KEYS[1], 'o', '')
if ARGV[4] ~= '0' and has_ended(m[2]) then expire(ARGV[2], ARGV[4], KEYS[6], KEYS[7]) end
return 1`);

/**
 * KEYS r e x, and for acknowledgements or the end r e b i a x t; ARGV retry, name, seq, fence, index, facts and head,
 * events, release, time to keep or 0, how many acknowledged, the seq that it builds on or 0, acknowledged, then parts.
 */
const SAVE = `${TIME}${EXPECT}${ENDED}${EXPIRE}
local function save(KEYS, ARGV)
local r, e, x = KEYS[1], KEYS[2], KEYS[#KEYS > 3 and 6 or 3]
local seq, fence, index, record = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local m = redis.call('HMGET', r, 's', 'f', 'o', 'i', 'n')
local newest = m[1]
if not newest then return {'unknown'} end
if ARGV[1] == '1' and newest == seq then
  local there = redis.call('HGET', r, seq)
  if there and string.sub(there, -#record) == record then return tonumber(m[5]) end
end
if tonumber(m[2]) < tonumber(fence) then return {'lost checkpoint', newest, newest} end
if m[2] ~= fence or m[3] == '' then return {'stale owner', m[2], m[3] == '' and 'released' or ''} end
if tonumber(seq) <= tonumber(newest) then return {'stale checkpoint', newest} end
if tonumber(ARGV[11]) > tonumber(newest) then return {'lost checkpoint', newest} end
local from, to = string.sub(m[4], 1, 1), string.sub(index, 1, 1)
local acks = tonumber(ARGV[10])
local wrong = from ~= to and mistyped('zset', x)
if #KEYS > 3 then
  wrong = wrong or mistyped('hash', KEYS[4]) or mistyped('set', KEYS[5]) or mistyped('zset', x) or mistyped('zset', KEYS[7])
end
if wrong then return wrong end
if ARGV[7] ~= '' then redis.call('RPUSH', e, ARGV[7]) end
if from ~= to then
  redis.call('ZADD', x, 0, to .. ARGV[2])
  redis.call('ZREM', x, from .. ARGV[2])
end
local n = tonumber(m[5]) + 1
local parts = 12 + acks
if #ARGV - parts < 4000 then
  redis.call('HSET', r, 's', seq, 'i', index, 'n', n, seq, newest .. ' ' .. record, unpack(ARGV, parts))
else
  redis.call('HSET', r, 's', seq, 'i', index, 'n', n, seq, newest .. ' ' .. record)
  each(ARGV, parts, #ARGV, function (...) redis.call('HSET', r, ...) end)
end
if acks > 0 then
  each(ARGV, 12, 11 + acks, function (...)
    redis.call('SADD', KEYS[5], ...)
    local taken = redis.call('HDEL', KEYS[4], ...)
    if taken > 0 then redis.call('HINCRBY', r, 'w', -taken) end
  end)
end
if ARGV[8] == '1' then
  redis.call('HSET', r, 'o', '')
  if ARGV[9] ~= '0' and has_ended(index) then expire(ARGV[2], ARGV[9], x, KEYS[7]) end
end
return n
end`;

const save = script(`${SAVE}
return save(KEYS, ARGV)`);

/** Several saves, each answered for itself. KEYS of all; ARGV for each how many keys and arguments, then these. */
const saves = script(`${SAVE}
local replies, k, a = {}, 0, 1
while a <= #ARGV do
  local keys, args = {}, {}
  for n = 1, tonumber(ARGV[a]) do keys[n] = KEYS[k + n] end
  for n = 1, tonumber(ARGV[a + 1]) do args[n] = ARGV[a + 1 + n] end
  k, a = k + #keys, a + 2 + #args
  local ok, reply = pcall(save, keys, args)
  if not ok and type(reply) == 'string' then reply = {err = 'ERR ' .. reply} end
  if type(reply) == 'table' and reply.err then reply = {'error', reply.err} end
  replies[#replies + 1] = reply
end
return replies`);

/** KEYS r b x; ARGV retry, name. */
const load = script(`${ENDED}
local r = redis.call('HGETALL', KEYS[1])
if #r == 0 then
  if is_lost(KEYS[3], ARGV[2]) then return {'lost'} end
  return {'unknown'}
end
return {'run', r, redis.call('HGETALL', KEYS[2])}`);

/** The seqs from the newest one backwards; ends early where a record is missing. */
const CHAIN = `
local function chain(r)
  local m = redis.call('HMGET', r, 's', 'l')
  local seqs, at = {}, m[1]
  while at and at ~= '0' do
    local record = redis.call('HGET', r, at)
    if not record then return seqs, m[2], false end
    seqs[#seqs + 1] = at
    if at == m[2] then break end
    at = string.match(record, '^(%d+) ')
    if not at then return seqs, m[2], false end
  end
  return seqs, m[2], true
end`;

/** KEYS r. */
const history = script(`
local seqs = {redis.call('HGET', KEYS[1], 's') or nil}
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  if string.find(field, '^%d+$') then seqs[#seqs + 1] = field end
end
return seqs`);

/** Moves what the checkpoints before the newest ones changed into the base. KEYS r b; ARGV retry, how many to keep. */
const prune = script(`${EXPECT}${CHAIN}
local r, b = KEYS[1], KEYS[2]
local seqs, floor, intact = chain(r)
local keep = tonumber(ARGV[2])
if not intact or #seqs <= keep then return 0 end
local wrong = mistyped('hash', b)
if wrong then return wrong end
local final, fields, clear = {}, {}, false
for at = #seqs, keep, -1 do
  local seq = seqs[at]
  if seq ~= floor then
    local record = redis.call('HGET', r, seq)
    local facts = cjson.decode(string.match(record, '^%d+ ([^\\n]*)'))
    if facts[2] == 1 then final, clear = {}, true end
    for _, name in ipairs(facts[3]) do
      local field = seq .. ':' .. name
      if redis.call('HEXISTS', r, field) == 0 then return 0 end
      final[name] = field
      fields[#fields + 1] = field
    end
    for _, name in ipairs(facts[4]) do final[name] = false end
  end
end
if clear then redis.call('DEL', b) end
for name, field in pairs(final) do
  if field then redis.call('HSET', b, name, redis.call('HGET', r, field)) else redis.call('HDEL', b, name) end
end
for at = keep + 1, #seqs do fields[#fields + 1] = seqs[at] end
each(fields, 1, #fields, function (...) redis.call('HDEL', r, ...) end)
redis.call('HSET', r, 'l', seqs[keep], 'n', keep, 'z', redis.call('HLEN', b))
return 1`);

/** KEYS r e. */
const events = script(`
return {redis.call('HGET', KEYS[1], 's') or '0', redis.call('LRANGE', KEYS[2], 0, -1)}`);

/** KEYS r i a; ARGV retry, delivery id, body. */
const post = script(`${ENDED}
local r, i, a = unpack(KEYS)
local index = redis.call('HGET', r, 'i')
if not index then return {'unknown'} end
if redis.call('HEXISTS', i, ARGV[2]) == 1 or redis.call('SISMEMBER', a, ARGV[2]) == 1 then return {'posted'} end
if has_ended(index) then return {'ended', string.sub(index, 1, 1)} end
redis.call('HSET', i, ARGV[2], redis.call('HINCRBY', r, 'q', 1) .. ' ' .. ARGV[3])
redis.call('HINCRBY', r, 'w', 1)
return {'posted'}`);

/** KEYS i. */
const inbox = script(`return redis.call('HGETALL', KEYS[1])`);

/** The next runs of one shard, status by status. KEYS x; ARGV retry, how many, after which, then letters. */
const page = script(`
local pages = {}
for at = 4, #ARGV do
  local letter, after = ARGV[at], ARGV[3]
  local first = after == '' and '[' .. letter or '(' .. letter .. after
  local last = '(' .. string.char(string.byte(letter) + 1)
  pages[#pages + 1] = redis.call('ZRANGEBYLEX', KEYS[1], first, last, 'LIMIT', 0, ARGV[2])
end
return pages`);

/** What a list says of runs; of one whose key holds something else it says nothing, and goes on. KEYS r of each. */
const summaries = script(`
local found = {}
for at, r in ipairs(KEYS) do
  local m = redis.pcall('HMGET', r, 's', 'f', 'o', 'u', 'i', 'w')
  if m.err then m = {} end
  for field = 1, 6 do m[field] = m[field] or '' end
  m[7] = m[1] ~= '' and redis.call('HGET', r, m[1]) or ''
  found[at] = m
end
return found`);

/** Drops a run whose keys have expired from the index. KEYS r x; ARGV retry, entry. */
const forget = script(`
if redis.call('EXISTS', KEYS[1]) == 0 then return redis.call('ZREM', KEYS[2], ARGV[2]) end
return 0`);

/** Which life of an id this is. KEYS r x; ARGV retry, name. */
const mark = script(`${ENDED}
local found = redis.call('HGET', KEYS[1], 'm')
if found then return found end
if is_lost(KEYS[2], ARGV[2]) then return '' end
return false`);

/** KEYS r e b i a x t; ARGV retry, name, mark. */
const remove = script(`
local found = redis.call('HGET', KEYS[1], 'm') or ''
if found ~= ARGV[3] then return 0 end
redis.call('DEL', unpack(KEYS, 1, 5))
for _, letter in ipairs({'r', 'w', 'c', 'f', 'a'}) do redis.call('ZREM', KEYS[6], letter .. ARGV[2]) end
redis.call('ZREM', KEYS[7], ARGV[2])
return 1`);

/** KEYS any. */
const types = script(`
local found = {}
for at, key in ipairs(KEYS) do found[at] = redis.call('TYPE', key).ok end
return found`);

export const SCRIPTS = {
  create,
  acquire,
  renew,
  release,
  save,
  saves,
  load,
  history,
  prune,
  events,
  post,
  inbox,
  page,
  summaries,
  forget,
  mark,
  remove,
  types,
} as const;

function script(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}
