-- ARGV: the time; the lowest position that may be given; the name of the batch; where to look for that name first, if it may
-- be there already, else nothing; the bodies. Answers the position of the first one.
local head = read_head()
if ARGV[4] ~= '' then
  local from = tonumber(ARGV[4])
  while from <= head.last do
    local found = redis.call('XRANGE', log, text(from) .. '-0', '+', 'COUNT', 16)
    if #found == 0 then break end
    for i = 1, #found do
      local record = entry(found[i])
      if record.k == ARGV[3] then return text(record.at) end
      from = record.at + 1
    end
  end
end
local start = math.max(head.last + 1, tonumber(ARGV[2]))
if head.first > head.last then
  head.first, head.gone = start, head.total
end
head.time = math.max(head.time, tonumber(ARGV[1]))
local time = text(head.time)
for i = 5, #ARGV do
  head.last = start + i - 5
  local id, before = text(head.last) .. '-0', text(head.total)
  if i == 5 then
    redis.call('XADD', log, id, 't', time, 'c', before, 'b', ARGV[i], 'k', ARGV[3])
  else
    redis.call('XADD', log, id, 't', time, 'c', before, 'b', ARGV[i])
  end
  head.total = head.total + #ARGV[i]
end
write_head(head)
return text(start)
