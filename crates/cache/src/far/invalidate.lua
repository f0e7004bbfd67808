-- KEYS[2] and on: entries to be dropped. ARGV[3]: tags, a line each.
local now = moment()
each_tag(ARGV[3], function(tag) redis.call('SET', tag, text(now), 'PX', ARGV[2]) end)
for i = 2, #KEYS do redis.call('DEL', KEYS[i]) end
return 1
