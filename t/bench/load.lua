-- SPDX-License-Identifier: Apache-2.0
-- What wrk sends: wrk -s load.lua URL -- TOKENS [GET|PUT|MIXED [PAUSE]]
-- Each request comes from another of the users whose tokens stand in the file, one a line. A PUT changes two fields.
-- MIXED: GETs, and for each nineteen of them one save, or one that is refused; the last token's user has no profile.
-- PAUSE: milliseconds between an answer and the next request of its connection, on average.

local tokens, requests, bodies, at, serial, count = {}, {}, nil, 0, 0, 0

local body = '{"currentRole":"Engineer %09d","targetPath":"Path number %09d"}'
local threads = 0

local function next_body()
    serial = serial + 1
    return body:format(serial, serial)
end

local function save(method, text)
    return wrk.format(method, nil,
        { Authorization = "Bearer " .. tokens[at], ["Content-Type"] = "application/json" }, text)
end

local function get(token)
    return wrk.format("GET", nil, { Authorization = token and "Bearer " .. token })
end

local odd = {
    function() return save("PUT", next_body()) end,
    function() return save("PATCH", next_body()) end,
    function() return save("PUT", '{"currentRole":"Engineer') end,
    function() return save("PUT", '{"currentRole":"","noSuchField":1}') end,
    function() return get(tokens[at]:sub(1, -9) .. "forged--") end,
    function() return get() end,
    function() return get(tokens[#tokens]) end,
}
local mixed = false

function setup(thread)
    thread:set("number", threads)
    threads = threads + 1
end

function init(args)
    local method, pause = args[2] or "GET", tonumber(args[3] or 0)
    mixed = method == "MIXED"
    if mixed then method = "GET" end
    for token in io.lines(args[1]) do
        tokens[#tokens + 1] = token
        local headers, sample = { Authorization = "Bearer " .. token }, nil
        if method == "PUT" then
            headers["Content-Type"] = "application/json"
            sample = body:format(0, 0)
        end
        local whole = wrk.format(method, nil, headers, sample)
        requests[#requests + 1] = sample and whole:sub(1, -1 - #sample) or whole
    end
    -- Far apart, so that threads do not meet at one user; and no value that an earlier run has written.
    math.randomseed(os.time() + number)
    if mixed then requests[#requests] = nil end
    at = math.random(#requests)
    serial = math.random(1, 400000000)
    bodies = method == "PUT"
    if pause > 0 then
        delay = function() return math.random() * 2 * pause end
    end
end

function request()
    at = at % #requests + 1
    count = count + 1
    if mixed and count % 20 == 0 then return odd[count / 20 % #odd + 1]() end
    return bodies and requests[at] .. next_body() or requests[at]
end

-- One line that a program can read: requests, microseconds, bytes read, p50, p99, mean (µs), connections that
-- failed, connections that the server closed between two requests, answers that are not 2xx.
function done(summary, latency)
    local e = summary.errors
    io.write(string.format("result %d %d %d %d %d %d %d %d %d\n", summary.requests, summary.duration, summary.bytes,
        latency:percentile(50), latency:percentile(99), latency.mean,
        e.connect + e.write + e.timeout, e.read, e.status))
end
