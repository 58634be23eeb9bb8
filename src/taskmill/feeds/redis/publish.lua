-- KEYS: where the latest of each task is kept. ARGV: "1" to publish, the lead of channels, seconds that a key lives;
-- then for each event: id, queue, its mark (empty: it is not kept), the event as JSON.
-- A mark is version and time in digits of equal width. What is older than the mark that is kept is stale.
local queues = {}
for i = 1, #KEYS do
  local id, queue, mark, event = ARGV[4 * i], ARGV[4 * i + 1], ARGV[4 * i + 2], ARGV[4 * i + 3]
  local known = string.match(redis.call("GETRANGE", KEYS[i], 0, 39), "^%d+$") or ""
  local fresh = mark == "" or known <= mark
  if fresh and mark ~= "" then
    redis.call("SET", KEYS[i], mark .. event, "EX", ARGV[3])
  end
  if fresh and ARGV[1] == "1" then
    redis.call("PUBLISH", ARGV[2] .. "task:" .. id, event)
    queues[queue] = queues[queue] or {}
    table.insert(queues[queue], event)
  end
end
for queue, events in pairs(queues) do
  redis.call("PUBLISH", ARGV[2] .. "queue:" .. queue, "[" .. table.concat(events, ",") .. "]")
end
