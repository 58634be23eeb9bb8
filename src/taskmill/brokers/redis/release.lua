-- KEYS: streams. ARGV: group, milliseconds, consumer (or '' for all).
-- What was delivered so long ago and is not acknowledged is put in anew, which wakes whoever waits. Consumers that
-- have nothing and were silent for so long are removed.
local function pending(key)
  if ARGV[3] == '' then
    return redis.pcall('XPENDING', key, ARGV[1], 'IDLE', ARGV[2], '-', '+', 1000)
  end
  return redis.pcall('XPENDING', key, ARGV[1], 'IDLE', ARGV[2], '-', '+', 1000, ARGV[3])
end

local function put_anew(key, id)
  local entry = redis.call('XRANGE', key, id, id)[1]
  if entry and entry[2] then
    redis.call('XADD', key, '*', unpack(entry[2]))
  end
  redis.call('XACK', key, ARGV[1], id)
  redis.call('XDEL', key, id)
end

local function remove_silent(key)
  for _, row in ipairs(redis.call('XINFO', 'CONSUMERS', key, ARGV[1])) do
    local consumer = {}
    for at = 1, #row, 2 do
      consumer[row[at]] = row[at + 1]
    end
    local meant = ARGV[3] == '' or ARGV[3] == consumer.name
    if meant and consumer.pending == 0 and consumer.idle >= tonumber(ARGV[2]) then
      redis.call('XGROUP', 'DELCONSUMER', key, ARGV[1], consumer.name)
    end
  end
end

for _, key in ipairs(KEYS) do
  local rows = pending(key)
  if not rows.err then
    for _, row in ipairs(rows) do
      put_anew(key, row[1])
    end
    remove_silent(key)
  end
end
