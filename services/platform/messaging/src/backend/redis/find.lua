-- ARGV: `t` and a time, or `c` and how many bytes the log may take. Answers the position of the first record that is as young, or
-- with which the rest of the log is as small; behind the newest record if there is none.
local head = read_head()
local field, bound = ARGV[1], tonumber(ARGV[2])
if field == 'c' then bound = head.total - bound end
local low, high = head.first, head.last + 1
while low < high do
  local middle = math.floor((low + high) / 2)
  local record = first_from(middle)
  if not record then
    high = middle
  elseif tonumber(record[field]) >= bound then
    high = middle
  else
    low = record.at + 1
  end
end
return text(low)
