-- Sends the requests of the file named first after "--", as they stand there; load reads the same file.
local requests = {}

local function read(path)
	local f = assert(io.open(path, "rb"))
	while true do
		local n = f:read("*n")
		if not n then break end
		f:read(1)
		requests[#requests + 1] = f:read(n)
	end
	f:close()
end

local path = os.getenv("BENCH_REQUESTS")
read(path)

if #requests == 1 then
	-- wrk asks a default request function once only, and that asks format.
	wrk.format = function() return requests[1] end
else
	local at = 0
	request = function()
		at = (at + 7919) % #requests
		return requests[at + 1]
	end
end

done = function(summary)
	local e = summary.errors
	io.write(string.format("bench %d %d %d\n", summary.requests, summary.duration, e.connect + e.read + e.write + e.status + e.timeout))
end
