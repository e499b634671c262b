local os = require("os")

-- Each new value is one request.
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["addons.paas.dev/backup-now"] = os.date("!%Y-%m-%dT%H:%M:%SZ")
return obj
