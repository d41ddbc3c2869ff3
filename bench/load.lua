-- For wrk: with BENCH_PATHS, the paths of that file one after the other, beginning behind line BENCH_LINE;
-- with BENCH_BODY, that body posted, each time with another text where it or a header says @@, and any other answer
-- than 201 is an error; at the end one line of JSON.
local file, body = os.getenv("BENCH_PATHS"), os.getenv("BENCH_BODY")
local thread

if file then
  local requests, position = {}, tonumber(os.getenv("BENCH_LINE"))
  function init()
    for line in io.lines(file) do requests[#requests + 1] = wrk.format("GET", line) end
  end
  function request()
    position = position + 1
    return requests[(position - 1) % #requests + 1]
  end
elseif body then
  local round, number, parts = os.getenv("BENCH_ROUND"), 0, nil
  refused = 0
  function setup(one) thread = one end
  function init()
    wrk.headers["Content-Type"] = "application/json"
    -- Formatted once, with as many signs as the text will have, and cut there.
    local unique = string.rep("@", #round + 10)
    for name, value in pairs(wrk.headers) do wrk.headers[name] = value:gsub("@@", unique) end
    local formatted = wrk.format("POST", nil, nil, (body:gsub("@@", unique)))
    parts = {}
    local from = 1
    while true do
      local at = formatted:find(unique, from, true)
      parts[#parts + 1] = formatted:sub(from, (at or #formatted + 1) - 1)
      if not at then break end
      from = at + #unique
    end
  end
  function request()
    number = number + 1
    return table.concat(parts, string.format("%s-%09d", round, number))
  end
  function response(status) if status ~= 201 then refused = refused + 1 end end
end

function done(summary, latency)
  local errors = summary.errors
  local wrong = thread and thread:get("refused") or errors.status
  io.write(string.format(
    '\n{"requests":%d,"seconds":%.6f,"bytes":%d,"errors":%d,"p50":%.3f,"p99":%.3f,"longest":%.3f}\n',
    summary.requests, summary.duration / 1e6, summary.bytes,
    errors.connect + errors.read + errors.write + errors.timeout + wrong,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000))
end
