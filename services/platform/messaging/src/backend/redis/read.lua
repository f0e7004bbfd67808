-- ARGV: from which position on; how many records at most; how many bytes at most, but for the first record.
-- Answers the oldest and the newest position, then position, time and body of each record.
local head = read_head()
local from, records, bytes = math.max(tonumber(ARGV[1]), head.first), tonumber(ARGV[2]), tonumber(ARGV[3])
local out, taken = {text(head.first), text(head.last)}, 0
local usual = math.max(1, (head.total - head.gone) / math.max(1, head.last - head.first + 1))
while from <= head.last and taken < records do
  local many = math.min(records - taken, 512, math.ceil(math.max(bytes, 1) / usual))
  local found = redis.call('XRANGE', log, text(from) .. '-0', '+', 'COUNT', text(many))
  if #found == 0 then break end
  for i = 1, #found do
    local record = entry(found[i])
    bytes = bytes - #record.b
    if bytes < 0 and taken > 0 then return out end
    out[#out + 1], out[#out + 2], out[#out + 3] = text(record.at), record.t, record.b
    taken, from = taken + 1, record.at + 1
  end
  if bytes <= 0 then break end
end
return out
