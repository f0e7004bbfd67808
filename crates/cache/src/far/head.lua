-- Set before every script. KEYS[1]: the tenant's latest moment. A moment is the server's time in µs, and later than every one
-- before, so that what began before an invalidation is told from what began after. ARGV[1]: how the keys of tags begin;
-- ARGV[2]: how long, in ms, tags are remembered, which is longer than any entry lives.
local function text(number) return string.format('%.0f', number) end
local function moment()
  local time = redis.call('TIME')
  local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
  local last = tonumber(redis.call('GET', KEYS[1]) or '0')
  if now <= last then now = last + 1 end
  redis.call('SET', KEYS[1], text(now), 'PX', ARGV[2])
  return now
end
local function each_tag(lines, visit)
  for tag in string.gmatch(lines, '[^\n]+') do visit(ARGV[1] .. tag) end
end
