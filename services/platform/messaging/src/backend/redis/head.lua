-- Set before every script of the log. KEYS: the log, a stream whose entries are called `<position>-0`, and its head, a hash with
-- the oldest position, the newest one, the time of the newest record, and how many bytes of bodies there were before the
-- oldest and in all. An entry has t its time, c the bytes before it, b the body, and k the name of the batch it begins.
local log, head_key = KEYS[1], KEYS[2]
local function text(number) return string.format('%.0f', number) end
local function entry(found)
  local record = {at = tonumber(string.match(found[1], '^%d+'))}
  for i = 1, #found[2], 2 do record[found[2][i]] = found[2][i + 1] end
  return record
end
local function first_from(position)
  local found = redis.call('XRANGE', log, text(position) .. '-0', '+', 'COUNT', 1)
  return found[1] and entry(found[1])
end
local function read_head()
  local has = redis.call('HMGET', head_key, 'first', 'last', 'time', 'gone', 'total')
  if has[2] then
    return {first = tonumber(has[1]), last = tonumber(has[2]), time = tonumber(has[3]), gone = tonumber(has[4]), total = tonumber(has[5])}
  end
  -- The head is lost, or never was: what can be known is known from the log.
  local head = {first = 1, last = 0, time = 0, gone = 0, total = 0}
  local newest = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)
  if newest[1] then
    local oldest, last = first_from(0), entry(newest[1])
    head = {first = oldest.at, last = last.at, time = tonumber(last.t), gone = tonumber(oldest.c), total = tonumber(last.c) + #last.b}
  elseif redis.call('EXISTS', log) == 1 then
    local info = redis.call('XINFO', 'STREAM', log)
    for i = 1, #info, 2 do
      if info[i] == 'last-generated-id' then head.last = tonumber(string.match(info[i + 1], '^%d+')) end
    end
    head.first = head.last + 1
  end
  return head
end
local function write_head(head)
  redis.call('HSET', head_key, 'first', text(head.first), 'last', text(head.last), 'time', text(head.time), 'gone', text(head.gone), 'total', text(head.total))
end
