-- Healthy means that a login with DATABASE_URL has succeeded.
--
-- A Degraded resource fails the sync operation. So only a reason that a change of the manifest can remove is Degraded at once. Any other
-- one can pass by itself: it is Progressing while the database is being created, for five minutes after it became ready for the first
-- time, and until it has lasted for five minutes.

local os = require("os")

local grace = 5 * 60

local manifestErrors = {
  AdoptionRefused = true,
  InvalidSpec = true,
  NameConflict = true,
}

-- Whether a time is that long ago. Timestamps in UTC are in the order of their texts; Argo CD has no string functions.
local function isLongAgo(timestamp)
  return timestamp ~= nil and timestamp <= os.date("!%Y-%m-%dT%H:%M:%SZ", os.time() - grace)
end

local status = obj.status or {}
local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end
local ready = conditions.Ready or {}

if obj.spec ~= nil and obj.spec.suspend == true then
  return { status = "Suspended", message = "spec.suspend is true: nothing is created, changed or repaired" }
end
local suspended = conditions.Suspended
if suspended ~= nil and suspended.reason == "SpecUnknown" and ready.status == "True" then
  return { status = "Suspended", message = suspended.message }
end
if obj.metadata.generation ~= nil and status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "waiting for the operator to see the spec" }
end
local plan = conditions.PlanApplied or {}
if plan.status == "False" and (plan.reason == "UpgradeBackupPending" or plan.reason == "UpgradePending") then
  return { status = "Progressing", message = plan.reason .. ": " .. (plan.message or "") }
end
if ready.status == "True" then
  return { status = "Healthy", message = ready.message }
end
local stalled = conditions.Stalled
if stalled ~= nil and stalled.status == "True" then
  local lasts = isLongAgo(status.ready_at) and isLongAgo(stalled.lastTransitionTime)
  if manifestErrors[stalled.reason] or lasts then
    return { status = "Degraded", message = stalled.reason .. ": " .. (stalled.message or "") }
  end
end
if ready.message == nil then
  return { status = "Progressing", message = "waiting for the operator" }
end
return { status = "Progressing", message = ready.reason .. ": " .. ready.message }
