-- KEYS[2]: the entry. ARGV: 3 the moment at which its load began, or nothing for now; 4 how many ms it lives; 5 its tags, a line each;
-- 6 the value. Answers 1 if it is kept, 0 if it is stale already.
local born = ARGV[3] ~= '' and tonumber(ARGV[3]) or moment()
local fresh = true
each_tag(ARGV[5], function(tag)
  local last = redis.call('GET', tag)
  if last and tonumber(last) > born then fresh = false end
end)
if not fresh then return 0 end
each_tag(ARGV[5], function(tag)
  if not redis.call('SET', tag, text(born), 'NX', 'PX', ARGV[2]) then redis.call('PEXPIRE', tag, ARGV[2]) end
end)
redis.call('HSET', KEYS[2], 'm', text(born), 'g', ARGV[5], 'v', ARGV[6])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return 1
