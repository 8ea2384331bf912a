import { script, type Script } from './script.ts';

/**
 * Takes messages from the lists of a queue and, in the same step, records them as unacked, so that no crash can lose one.
 *
 * KEYS: the lists, in the order in which they are read; then `unacked` and `unacked_index`.
 * ARGV: how many at most; seconds to add to the time for the score; the beginning of the claims' names; the number of the
 * first; the priority step of each list, a digit each; what stands behind the payload in `unacked`, or nothing for messages
 * that need no ack; `1` to be told of the next change when all lists are empty.
 *
 * Returns the place of a list and its payloads, by turns. The payload of what is no JSON object is recorded as a JSON string,
 * so that the record can be read by Python all the same. A record that cannot be made undoes the claim. A key that is no list ends
 * it, and is an error only when nothing was taken before.
 */
export const claim: Script = script(`
local lists = #KEYS - 2
local left = tonumber(ARGV[1])
local number = tonumber(ARGV[4])
local time = redis.call('TIME')
local score = string.format('%.6f', time[1] + time[2] / 1000000 + ARGV[2])
local reply, records, scores = {}, {}, {}
for list = 1, lists do
  local payloads = redis.pcall('RPOP', KEYS[list], left)
  if payloads and payloads.err then
    if #reply == 0 then return payloads end
    break
  end
  if payloads then
    reply[#reply + 1] = list - 1
    reply[#reply + 1] = payloads
    left = left - #payloads
    if ARGV[6] ~= '' then
      local step = '.' .. string.sub(ARGV[5], list, list)
      for _, payload in ipairs(payloads) do
        local name = ARGV[3] .. string.format('%012d', number) .. step
        number = number + 1
        if string.byte(payload) ~= 123 or string.byte(payload, -1) ~= 125 then payload = cjson.encode(payload) end
        scores[#scores + 1] = score
        scores[#scores + 1] = name
        records[#records + 1] = name
        records[#records + 1] = '[' .. payload .. ARGV[6]
      end
    end
    if left == 0 then break end
  end
end
if #reply == 0 and ARGV[7] == '1' then redis.call('EXISTS', unpack(KEYS, 1, lists)) end
if #records > 0 then
  local kept = redis.pcall('HSET', KEYS[lists + 1], unpack(records))
  if type(kept) == 'number' then kept = redis.pcall('ZADD', KEYS[lists + 2], unpack(scores)) end
  if type(kept) ~= 'number' then
    for at = 1, #records, 2 do redis.pcall('HDEL', KEYS[lists + 1], records[at]) end
    for place = 1, #reply, 2 do
      for back = #reply[place + 1], 1, -1 do redis.call('RPUSH', KEYS[reply[place] + 1], reply[place + 1][back]) end
    end
    return kept
  end
end
return reply
`);
