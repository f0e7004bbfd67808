-- KEYS[2]: the entry. Answers the value, its tags and how many ms it lives; or the moment of now, if there is none that is fresh.
local has = redis.call('HMGET', KEYS[2], 'm', 'g', 'v')
if has[1] then
  local fresh, born = true, tonumber(has[1])
  each_tag(has[2], function(tag)
    local last = redis.call('GET', tag)
    if not last or tonumber(last) > born then fresh = false end
  end)
  if fresh then return {has[3], has[2], text(redis.call('PTTL', KEYS[2]))} end
  redis.call('DEL', KEYS[2])
end
return {text(moment())}
