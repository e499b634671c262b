local actions = {}
local suspended = obj.spec.suspend == true
local backup = (obj.status or {}).backup or {}

actions["backup-now"] = {
  ["disabled"] = suspended or (backup.recoveryWindow or {}).from == nil or (backup.now or {}).result == "Running",
  ["displayName"] = "Back up now",
  ["iconClass"] = "fa fa-fw fa-hdd-o",
}
actions["suspend"] = { ["disabled"] = suspended, ["displayName"] = "Suspend", ["iconClass"] = "fa fa-fw fa-pause" }
actions["resume"] = { ["disabled"] = not suspended, ["displayName"] = "Resume", ["iconClass"] = "fa fa-fw fa-play" }
return actions
