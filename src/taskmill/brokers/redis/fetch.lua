-- KEYS: streams, in the order in which they may go. ARGV: group, consumer, for how many tickets there is room,
-- bytes of a message beside its ids, bytes of an id.
-- Returns {number of the key, id of the entry, body} of each entry that is this consumer's from now on.
local found, room = {}, tonumber(ARGV[3])

local function read(key)
  return redis.pcall('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', 1, 'STREAMS', key, '>')
end

for number, key in ipairs(KEYS) do
  while room > 0 do
    local streams = read(key)
    if streams and streams.err then
      redis.pcall('XGROUP', 'CREATE', key, ARGV[1], '0', 'MKSTREAM')
      streams = read(key)
    end
    if streams and streams.err and #found == 0 then
      return streams
    end
    if not streams or streams.err then
      break
    end
    local entry = streams[1][2][1]
    local body = entry[2] and entry[2][2] or ''
    found[#found + 1] = {number, entry[1], body}
    room = room - math.max(1, math.floor((#body - ARGV[4]) / ARGV[5]))
  end
end
return found
