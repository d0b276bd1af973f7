/**
 * What runs inside the server: one script for each method, atomic there.
 *
 * Rules:
 *  - whatever can be refused is refused before the first write, and the types of the keys are looked at before it too,
 *    so that a script writes all or nothing;
 *  - ARGV[1] is '1' when the same call was sent before and its answer was lost;
 *  - texts of runs go through as they are: of a record nothing is parsed but its facts, which are short and say where to cut.
 *
 * Fields of the hash of a run: h where it stands (`<newest seq> <fence> <how many checkpoints> <index>`, the fence with
 * a minus behind it when the lease was given up), o owner (JSON), k key of the owner, u until when the lease lasts, l the
 * oldest checkpoint once the base holds its parts, z how many parts the base holds, w how many messages wait, q how many
 * were posted, m the mark of the call that created it; <seq> the record of a checkpoint, as checkpoints.ts writes it, with
 * the seq before it in front. Most saves read one field and write two: that is most of what they cost the server.
 */
import { createHash } from 'node:crypto';
import { ENDED, EXPECT, EXPIRE, FENCE, STANDS, TIME } from './script-parts.js';

export interface Script {
  readonly text: string;
  readonly sha: string;
}

/** KEYS r e b i a x f; ARGV retry, name, mark, owner key, owner, ttl, now, index, record. */
const create = script(`${TIME}${FENCE}${STANDS}${ENDED}
local r, e, b, i, a, x, f = unpack(KEYS)
local name = ARGV[2]
local seq, held = stands(r)
if seq then
  local m = redis.call('HMGET', r, 'm', 'u')
  if m[1] == ARGV[3] then return {'lease', held, m[2]} end
  return {'exists'}
end
local listed = redis.call('ZMSCORE', x, 'r' .. name, 'w' .. name, 'c' .. name, 'f' .. name, 'a' .. name)
if listed[1] or listed[2] then return {'lost'} end
local now = now_or('')
local fence = whole(next_fence(f, 0, now))
local until_ = whole((tonumber(ARGV[7]) or now) + ARGV[6])
redis.call('SET', f, fence)
redis.call('DEL', e, b, i, a, r)
if listed[3] or listed[4] or listed[5] then redis.call('ZREM', x, 'c' .. name, 'f' .. name, 'a' .. name) end
redis.call('ZADD', x, 0, string.sub(ARGV[8], 1, 1) .. name)
redis.call('HSET', r, 'h', standing(1, fence, false, 1, ARGV[8]), 'o', ARGV[5], 'k', ARGV[4], 'u', until_, 'm', ARGV[3],
  '1', '0 ' .. ARGV[9])
return {'lease', fence, until_}`);

/** KEYS r e b i a x f; ARGV retry, name, owner key, owner, ttl, now, `all` for what there is of the run, the fence that may be taken from a living owner. */
const acquire = script(`${TIME}${FENCE}${STANDS}${ENDED}
local r, e, b, i, a, x, f = unpack(KEYS)
local seq, held, free, n, index = stands(r)
if not seq then
  if is_lost(x, ARGV[2]) then return {'lost'} end
  return {'unknown'}
end
local now = now_or(ARGV[6])
local m = redis.call('HMGET', r, 'o', 'k', 'u')
if not free and m[2] ~= ARGV[3] and tonumber(m[3]) > now and held ~= ARGV[8] then
  return {'held', held, m[3], m[1]}
end
local fence = whole(next_fence(f, held, now_or('')))
local until_ = whole(now + ARGV[5])
local h = standing(seq, fence, false, n, index)
redis.call('SET', f, fence)
redis.call('HSET', r, 'h', h, 'o', ARGV[4], 'k', ARGV[3], 'u', until_)
if has_ended(index) then
  for at = 1, 5 do redis.call('PERSIST', KEYS[at]) end
end
if ARGV[7] ~= 'all' then return {'lease', fence, until_, h} end
return {'lease', fence, until_, h, redis.call('HGETALL', r), redis.call('HGETALL', b)}`);

/** KEYS r; ARGV retry, fence, ttl, now. */
const renew = script(`${TIME}${STANDS}
local seq, held, free = stands(KEYS[1])
if not seq then return {'unknown'} end
if tonumber(held) < tonumber(ARGV[2]) then return {'lost checkpoint', seq, seq} end
if held ~= ARGV[2] or free then return {'stale owner', held, free and 'released' or ''} end
local until_ = whole(now_or(ARGV[4]) + ARGV[3])
redis.call('HSET', KEYS[1], 'u', until_)
return {'renewed', until_, redis.call('HGET', KEYS[1], 'w') or '0'}`);

/** KEYS r e b i a x t; ARGV retry, name, fence, time that a run which has ended is kept or 0. */
const release = script(`${TIME}${EXPECT}${STANDS}${ENDED}${EXPIRE}
local seq, held, free, n, index = stands(KEYS[1])
if held ~= ARGV[3] then return 0 end
local wrong = mistyped('zset', KEYS[6]) or mistyped('zset', KEYS[7])
if wrong then return wrong end
redis.call('HSET', KEYS[1], 'h', standing(seq, held, true, n, index))
if ARGV[4] ~= '0' and has_ended(index) then expire(ARGV[2], ARGV[4], KEYS[6], KEYS[7]) end
return 1`);

/**
 * Saves of runs that stand where their owners believe: most saves, at half the price. Each is answered for itself: 1, or
 * 0 when the run stands elsewhere, or has messages at its end; then nothing of it is written, and `save` says why.
 * KEYS of each r, and where its letter changes r x i; ARGV retry, then of each where it stands, where it stands then, the
 * record with the seq before it, and the letters before and after where they differ.
 */
const steps = script(`
local KEYS, ARGV, call, match = KEYS, ARGV, redis.call, string.match
local function step(k, a)
  local r, letters, h = KEYS[k], ARGV[a + 3], ARGV[a + 1]
  if call('HGET', r, 'h') ~= ARGV[a] then return 0 end
  if letters ~= '' then
    local x = KEYS[k + 1]
    if redis.pcall('HLEN', KEYS[k + 2]) ~= 0 then return 0 end
    local name = string.sub(r, #x + 2)
    call('ZADD', x, 0, string.sub(letters, 2) .. name)
    call('ZREM', x, string.sub(letters, 1, 1) .. name)
  end
  call('HSET', r, 'h', h, match(h, '^%d+'), ARGV[a + 2])
  return 1
end
local replies, k = {}, 1
for a = 2, #ARGV, 4 do
  local ok, reply = pcall(step, k, a)
  if not ok then
    if type(reply) == 'table' then reply = reply.err end
    reply = {'error', string.find(reply, '^%u[%u%d]+ ') and reply or 'ERR ' .. reply}
  end
  replies[#replies + 1] = reply
  k = k + (ARGV[a + 3] == '' and 1 or 3)
end
return replies`);

/**
 * KEYS r x i, and for acknowledgements or a time to keep r e b i a x t; ARGV retry, header, record, what is acknowledged,
 * what is left in the inbox. The header, of one text since every argument has its price: seq, fence, the seq that it
 * builds on or 0, release, time to keep or 0, how much is left or a minus where that is not asked, index.
 */
const save = script(`${TIME}${EXPECT}${STANDS}${ENDED}${EXPIRE}
local r, x, i = unpack(KEYS)
local all = #KEYS > 3
if all then x, i = KEYS[6], KEYS[4] end
local seq, fence, parent, release, ttl, left, index =
  string.match(ARGV[2], '^(%d+) (%d+) (%d+) (%d) (%d+) (%S+) (.*)$')
local record = ARGV[3]
local newest, held, free, n, before = stands(r)
if not newest then return {'unknown'} end
if ARGV[1] == '1' and newest == seq then
  local there = redis.call('HGET', r, seq)
  if there and string.sub(there, -#record) == record then return tonumber(n) end
end
if tonumber(held) < tonumber(fence) then return {'lost checkpoint', newest, newest} end
if held ~= fence or free then return {'stale owner', held, free and 'released' or ''} end
if tonumber(seq) <= tonumber(newest) then return {'stale checkpoint', newest} end
if tonumber(parent) > tonumber(newest) then return {'lost checkpoint', newest} end
local behind = #ARGV + 1 - (tonumber(left) or 0)
if left ~= '-' then
  local unread = redis.pcall('HLEN', i)
  if type(unread) == 'number' and unread > 0 then
    local read = {}
    for at = 4, #ARGV do read[ARGV[at]] = true end
    for _, id in ipairs(redis.call('HKEYS', i)) do
      if read[id] then unread = unread - 1 end
    end
    if unread > 0 then return {'unread messages', whole(unread)} end
  end
end
local from, to = string.sub(before, 1, 1), string.sub(index, 1, 1)
local wrong = from ~= to and mistyped('zset', x)
if all then
  wrong = wrong or mistyped('hash', i) or mistyped('set', KEYS[5]) or mistyped('zset', x) or mistyped('zset', KEYS[7])
end
if wrong then return wrong end
local name = string.sub(r, #x + 2)
if from ~= to then
  redis.call('ZADD', x, 0, to .. name)
  redis.call('ZREM', x, from .. name)
end
n = n + 1
release = release == '1'
redis.call('HSET', r, 'h', standing(seq, fence, release, n, index), seq, newest .. ' ' .. record)
if behind > 4 then
  each(ARGV, 4, behind - 1, function (...)
    redis.call('SADD', KEYS[5], ...)
    redis.call('HDEL', i, ...)
  end)
  redis.call('HSET', r, 'w', redis.call('HLEN', i))
end
if release and ttl ~= '0' and has_ended(index) then expire(name, ttl, x, KEYS[7]) end
return n`);

/** KEYS r b x; ARGV retry, name. */
const load = script(`${ENDED}
local r = redis.call('HGETALL', KEYS[1])
if #r == 0 then
  if is_lost(KEYS[3], ARGV[2]) then return {'lost'} end
  return {'unknown'}
end
return {'run', r, redis.call('HGETALL', KEYS[2])}`);

/** The seqs that there are records of, newest first. */
const SEQS = `
local function seqs(r)
  local found = {}
  for _, field in ipairs(redis.call('HKEYS', r)) do
    if string.find(field, '^%d+$') then found[#found + 1] = field end
  end
  table.sort(found, function (a, b) return tonumber(a) > tonumber(b) end)
  return found
end`;

/** What can be asked for; the newest also where its record is gone, so that it is missed. KEYS r. */
const history = script(`${SEQS}
local h = redis.call('HGET', KEYS[1], 'h')
local found = seqs(KEYS[1])
found[#found + 1] = h and string.match(h, '^%d+') or nil
return found`);

/**
 * Moves what the checkpoints before the newest ones changed into the base, and their events into the list of events. One
 * that is damaged or missing is in the way until a whole one after it is as old as that: then it is dropped.
 * KEYS r e b; ARGV retry, how many to keep.
 */
const prune = script(`${EXPECT}${STANDS}${SEQS}
local r, e, b = KEYS[1], KEYS[2], KEYS[3]
local newest, fence, free, _, index = stands(r)
local found, keep = seqs(r), tonumber(ARGV[2])
if not newest or #found <= keep then return 0 end
local wrong = mistyped('list', e) or mistyped('hash', b)
if wrong then return wrong end
local floor = redis.call('HGET', r, 'l') or '0'
local final, clear, events, before, intact = {}, false, {}, floor, true
for at = #found, keep, -1 do
  if found[at] ~= floor then
    local record = redis.call('HGET', r, found[at])
    local link, head, facts, from = string.match(record, '^(%d+) (%d+) ([^\\n]*)\\n()')
    local ok, told = pcall(cjson.decode, facts or '')
    if link and ok and type(told) == 'table' and #told == 6 then
      if told[2] == 1 then final, clear, intact = {}, true, true end
      intact = intact and (told[2] == 1 or link == before)
      from = from + head
      for place, name in ipairs(told[3]) do
        final[name] = string.sub(record, from, from + told[4][place] - 1)
        from = from + told[4][place]
      end
      for _, name in ipairs(told[5]) do final[name] = false end
      if from + told[6] ~= #record + 1 then intact = false
      elseif told[6] > 0 then events[#events + 1] = string.sub(record, from) end
    else intact = false end
    before = found[at]
  end
end
if not intact then return 0 end
if clear then redis.call('DEL', b) end
for name, text in pairs(final) do
  if text then redis.call('HSET', b, name, text) else redis.call('HDEL', b, name) end
end
each(events, 1, #events, function (...) redis.call('RPUSH', e, ...) end)
each(found, keep + 1, #found, function (...) redis.call('HDEL', r, ...) end)
redis.call('HSET', r, 'l', found[keep], 'z', redis.call('HLEN', b), 'h', standing(newest, fence, free, keep, index))
local left = redis.call('PTTL', r)
if left > 0 then
  redis.call('PEXPIRE', e, left)
  redis.call('PEXPIRE', b, left)
end
return 1`);

/** The list of events, then the run with its records. KEYS r e. */
const events = script(`
local r = redis.call('HGETALL', KEYS[1])
return {#r > 0 and redis.call('LRANGE', KEYS[2], 0, -1) or {}, r}`);

/** KEYS r i a; ARGV retry, delivery id, body. */
const post = script(`${STANDS}${ENDED}
local r, i, a = unpack(KEYS)
local seq, _, _, _, index = stands(r)
if not seq then return {'unknown'} end
if redis.call('HEXISTS', i, ARGV[2]) == 1 or redis.call('SISMEMBER', a, ARGV[2]) == 1 then return {'posted'} end
if has_ended(index) then return {'ended', string.sub(index, 1, 1)} end
redis.call('HSET', i, ARGV[2], redis.call('HINCRBY', r, 'q', 1) .. ' ' .. ARGV[3])
redis.call('HSET', r, 'w', redis.call('HLEN', i))
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

/**
 * What a list says of runs: where it stands, owner, until when, how many messages, head, whether it is there. Of one whose
 * key holds something else it says nothing more, and goes on. KEYS r of each.
 */
const summaries = script(`
local found = {}
for at, r in ipairs(KEYS) do
  local m = redis.pcall('HMGET', r, 'h', 'o', 'u', 'w')
  if m.err then m = {} end
  for field = 1, 4 do m[field] = m[field] or '' end
  local record = m[1] ~= '' and redis.call('HGET', r, string.match(m[1], '^%d*')) or ''
  local size, from = string.match(record, '^%d+ (%d+) [^\\n]*\\n()')
  m[5] = size and string.sub(record, from, from + size - 1) or ''
  m[6] = redis.call('EXISTS', r)
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
  steps,
  save,
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
