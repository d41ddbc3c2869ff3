-- For wrk: with BENCH_PATHS, the paths of that file one after the other, beginning behind line BENCH_LINE;
-- at the end one line of JSON.
local file = os.getenv("BENCH_PATHS")

if file then
  local requests, position = {}, tonumber(os.getenv("BENCH_LINE"))
  function init()
    for line in io.lines(file) do requests[#requests + 1] = wrk.format("GET", line) end
  end
  function request()
    position = position + 1
    return requests[(position - 1) % #requests + 1]
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"seconds":%.6f,"bytes":%d,"errors":%d,"p50":%.3f,"p99":%.3f,"longest":%.3f}\n',
    summary.requests, summary.duration / 1e6, summary.bytes,
    errors.connect + errors.read + errors.write + errors.timeout + errors.status,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000))
end
