-- wrk's part of scripts/bench http: sends the requests that tests/bench/http_load.py has written, in turn, again and
-- again. Its environment says what to do:
--   BENCH_REQUESTS  the file of requests: of each its length in bytes on a line, and then its bytes
--   BENCH_CSV       the file for the results, one line under a header; the times are microseconds
--   BENCH_CHECK     look into every answer and fail when one is not what it should be; costs time, so not while measuring
local requests = {}
local at = 0
local threads = {}
bad = 0 -- answers; global, so that done() finds it in each thread

function setup(thread)
  table.insert(threads, thread)
end

function init()
  local file = assert(io.open(os.getenv("BENCH_REQUESTS"), "rb"))
  local length = file:read("*l")
  while length do
    table.insert(requests, file:read(tonumber(length)))
    length = file:read("*l")
  end
  file:close()
end

function request()
  at = at % #requests + 1
  return requests[at]
end

if os.getenv("BENCH_CHECK") then
  -- GetItem answers with an item, PutItem with an empty object.
  function response(status, _, body)
    if status ~= 200 or not (body == "{}" or body:find('^{"Item":{.+}}$')) then
      bad = bad + 1
      first_bad = first_bad or (status .. " " .. body:sub(1, 200))
    end
  end
end

function done(summary, latency)
  for _, thread in ipairs(threads) do
    if thread:get("bad") > 0 then
      io.stderr:write(thread:get("bad") .. " answers are not what they should be, the first: " .. thread:get("first_bad") .. "\n")
      os.exit(1)
    end
  end
  local name = os.getenv("BENCH_CSV")
  if not name then
    return
  end
  local seconds = summary.duration / 1e6
  local errors = summary.errors
  local file = assert(io.open(name, "w"))
  file:write("answered,seconds,missing,rejected,failed,unknown,per_second,p50_us,p99_us\n")
  file:write(string.format("%d,%.3f,0,%d,%d,%d,%.3f,%.1f,%.1f\n", summary.requests, seconds, errors.status,
                           errors.connect + errors.read + errors.write, errors.timeout, summary.requests / seconds,
                           latency:percentile(50), latency:percentile(99)))
  file:close()
end
