-- ARGV: the position before which records go; how many positions at most. Answers the oldest position then.
local head = read_head()
local before = math.min(tonumber(ARGV[1]), head.last + 1, head.first + tonumber(ARGV[2]))
if before > head.first then
  redis.call('XTRIM', log, 'MINID', text(before) .. '-0')
  local oldest = first_from(before)
  head.first, head.gone = before, oldest and tonumber(oldest.c) or head.total
  write_head(head)
end
return text(head.first)
