-- Healthy means that a login with DATABASE_URL has succeeded.
--
-- A Degraded resource fails the sync operation. So only a reason that a change of the manifest can remove is Degraded at once. Any other
-- one can pass by itself: it is Progressing while the database is being created, for five minutes after it became ready for the first
-- time, and until it has lasted for five minutes.

local grace = 5 * 60

local manifestErrors = {
  AdoptionRefused = true,
  InvalidSpec = true,
  NameConflict = true,
}

local function secondsSince(timestamp)
  local pattern = "^(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)"
  local year, month, day, hour, min, sec = string.match(timestamp or "", pattern)
  if year == nil then
    return 0
  end
  -- Both are read as local time, so the time zone does not matter.
  local time = os.time({ year = year, month = month, day = day, hour = hour, min = min, sec = sec })
  return os.time(os.date("!*t")) - time
end

local status = obj.status or {}
local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end
local ready = conditions.Ready or {}

if obj.metadata.deletionTimestamp ~= nil then
  return { status = "Progressing", message = ready.message or "the addon is being deleted" }
end
if obj.spec ~= nil and obj.spec.suspend == true then
  return { status = "Suspended", message = "spec.suspend is true: nothing is created, changed or repaired" }
end
if obj.metadata.generation ~= nil and status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "waiting for the operator to see the spec" }
end
if ready.status == "True" then
  return { status = "Healthy", message = ready.message }
end
local stalled = conditions.Stalled
if stalled ~= nil and stalled.status == "True" then
  local hasBeenReady = status.ready_at ~= nil and secondsSince(status.ready_at) >= grace
  if manifestErrors[stalled.reason] or (hasBeenReady and secondsSince(stalled.lastTransitionTime) >= grace) then
    return { status = "Degraded", message = stalled.reason .. ": " .. (stalled.message or "") }
  end
end
if ready.message == nil then
  return { status = "Progressing", message = "waiting for the operator" }
end
return { status = "Progressing", message = ready.reason .. ": " .. ready.message }
