// Generated from crds/addons.paas.dev_postgresaddons.yaml by `npm run generate`; do not edit.
import type { Schema } from '../schema.ts';

export const addonSchema: Schema = {
  "required": [
    "spec"
  ],
  "x-kubernetes-validations": [
    {
      "rule": "size(self.metadata.name) <= 63",
      "message": "metadata.name must be at most 63 characters long"
    },
    {
      "rule": "has(self.spec.appId) || self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
      "message": "metadata.name must start with a letter and contain only a-z, 0-9 and \"-\" (a DNS-1035 label), because it is the default of spec.appId; or set spec.appId to such a name"
    },
    {
      "rule": "!has(self.spec.promote) || self.spec.promote.appId != (has(self.spec.appId) ? self.spec.appId : self.metadata.name)",
      "message": "spec.promote.appId is the appId of this PostgresAddon, whose Secret it has anyway. Name that of another one"
    },
    {
      "rule": "!has(oldSelf.status) || !has(oldSelf.status.ready_at) || (has(self.status) && has(self.status.ready_at) && self.status.ready_at == oldSelf.status.ready_at) || (has(self.status) && has(self.status.uid) && (!has(oldSelf.status.uid) || self.status.uid != oldSelf.status.uid))",
      "message": "status.ready_at is written once and cannot be changed"
    },
    {
      "rule": "!has(oldSelf.status) || !has(oldSelf.status.clusterName) || (has(self.status) && has(self.status.clusterName) && self.status.clusterName == oldSelf.status.clusterName)",
      "message": "status.clusterName is written once and cannot be changed"
    }
  ],
  "properties": {
    "apiVersion": {},
    "kind": {},
    "metadata": {},
    "spec": {
      "required": [
        "plan"
      ],
      "x-kubernetes-validations": [
        {
          "rule": "has(self.appId) == has(oldSelf.appId) && (!has(self.appId) || self.appId == oldSelf.appId)",
          "message": "appId cannot be changed, added or removed: the Cluster and the Secret are named after it. Create another PostgresAddon instead"
        },
        {
          "rule": "has(self.tenantId) == has(oldSelf.tenantId) && (!has(self.tenantId) || self.tenantId == oldSelf.tenantId)",
          "message": "tenantId cannot be changed, added or removed: the Cluster is named after it. Create another PostgresAddon instead"
        },
        {
          "rule": "(has(self.database) && has(self.database.name) ? self.database.name : 'app') == (has(oldSelf.database) && has(oldSelf.database.name) ? oldSelf.database.name : 'app')",
          "message": "database.name cannot be changed after creation. Create another PostgresAddon instead"
        },
        {
          "rule": "(has(self.database) && has(self.database.owner) ? self.database.owner : 'app') == (has(oldSelf.database) && has(oldSelf.database.owner) ? oldSelf.database.owner : 'app')",
          "message": "database.owner cannot be changed after creation. Create another PostgresAddon instead"
        },
        {
          "rule": "has(self.restore) == has(oldSelf.restore) && (!has(self.restore) || self.restore == oldSelf.restore)",
          "message": "restore cannot be changed, added or removed: a database is restored when it is created. Create another PostgresAddon instead"
        }
      ],
      "properties": {
        "plan": {
          "enum": [
            "free",
            "standard",
            "pro"
          ]
        },
        "version": {
          "x-kubernetes-validations": [
            {
              "rule": "self.matches('^1[4-8]([.](0|[1-9][0-9]?))?$')",
              "message": "version must be a PostgreSQL major version from \"14\" to \"18\", or major.minor such as \"17.4\""
            }
          ]
        },
        "mode": {
          "enum": [
            "standard",
            "protected"
          ]
        },
        "suspend": {},
        "appId": {
          "x-kubernetes-validations": [
            {
              "rule": "self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
              "message": "appId must start with a letter and contain only a-z, 0-9 and \"-\" (a DNS-1035 label)"
            }
          ]
        },
        "tenantId": {
          "x-kubernetes-validations": [
            {
              "rule": "self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
              "message": "tenantId must start with a letter and contain only a-z, 0-9 and \"-\" (a DNS-1035 label)"
            }
          ]
        },
        "database": {
          "properties": {
            "name": {
              "x-kubernetes-validations": [
                {
                  "rule": "self.matches('^[a-z_][a-z0-9_]*$')",
                  "message": "database.name must start with a letter or \"_\" and contain only a-z, 0-9 and \"_\""
                },
                {
                  "rule": "!(self in ['postgres', 'template0', 'template1', 'pgbouncer'])",
                  "message": "database.name must not be postgres, template0 or template1, which are reserved by PostgreSQL, or pgbouncer, which is the console of a connection pooler"
                }
              ]
            },
            "owner": {
              "x-kubernetes-validations": [
                {
                  "rule": "self.matches('^[a-z_][a-z0-9_]*$')",
                  "message": "database.owner must start with a letter or \"_\" and contain only a-z, 0-9 and \"_\""
                },
                {
                  "rule": "!(self in ['postgres', 'streaming_replica', 'public', 'none']) && !self.startsWith('pg_') && !self.startsWith('cnpg_')",
                  "message": "database.owner must not be postgres, streaming_replica, public or none, or start with pg_ or cnpg_, which are reserved by PostgreSQL and CloudNativePG"
                }
              ]
            }
          }
        },
        "connection": {
          "properties": {
            "sslMode": {
              "enum": [
                "prefer",
                "require",
                "verify-full"
              ]
            },
            "extraSecrets": {
              "items": {
                "enum": [
                  "servicebinding",
                  "pgvars"
                ]
              }
            }
          }
        },
        "roles": {
          "items": {
            "enum": [
              "read",
              "write",
              "admin"
            ]
          }
        },
        "roleSchemas": {
          "items": {}
        },
        "backup": {
          "properties": {
            "storeRef": {
              "required": [
                "name"
              ],
              "properties": {
                "name": {}
              }
            },
            "schedule": {
              "x-kubernetes-validations": [
                {
                  "rule": "self.startsWith('@') || self.matches('^ *[^ ]+( +[^ ]+){5} *$')",
                  "message": "schedule must have six fields, seconds first, such as \"0 30 2 * * *\" for 02:30 UTC"
                }
              ]
            },
            "retention": {
              "x-kubernetes-validations": [
                {
                  "rule": "self.matches('^[1-9][0-9]{0,3}[dwm]$')",
                  "message": "retention must be a number of days, weeks or months such as 14d, 2w or 1m"
                }
              ]
            },
            "drill": {
              "required": [
                "schedule"
              ],
              "properties": {
                "schedule": {
                  "x-kubernetes-validations": [
                    {
                      "rule": "self.startsWith('@') || self.matches('^ *[^ ]+( +[^ ]+){5} *$')",
                      "message": "schedule must have six fields, seconds first, such as \"0 0 4 * * 0\" for Sundays at 04:00 UTC"
                    }
                  ]
                },
                "assertions": {
                  "items": {
                    "required": [
                      "sql"
                    ],
                    "properties": {
                      "sql": {},
                      "expect": {}
                    }
                  }
                }
              }
            }
          }
        },
        "promote": {
          "required": [
            "appId"
          ],
          "properties": {
            "appId": {
              "x-kubernetes-validations": [
                {
                  "rule": "self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
                  "message": "promote.appId must start with a letter and contain only a-z, 0-9 and \"-\" (a DNS-1035 label)"
                }
              ]
            }
          }
        },
        "restore": {
          "required": [
            "from"
          ],
          "properties": {
            "from": {
              "x-kubernetes-validations": [
                {
                  "rule": "has(self.addon) != has(self.archive)",
                  "message": "restore.from must have either addon or archive"
                },
                {
                  "rule": "!has(self.__namespace__) || has(self.addon)",
                  "message": "restore.from.namespace is that of restore.from.addon; an archive is always one of this namespace"
                }
              ],
              "properties": {
                "addon": {
                  "x-kubernetes-validations": [
                    {
                      "rule": "self.matches('^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$')",
                      "message": "addon must contain only a-z, 0-9, \"-\" and \".\", and begin and end with a letter or digit"
                    }
                  ]
                },
                "namespace": {
                  "x-kubernetes-validations": [
                    {
                      "rule": "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",
                      "message": "namespace must contain only a-z, 0-9 and \"-\", and begin and end with a letter or digit"
                    }
                  ]
                },
                "archive": {
                  "required": [
                    "store",
                    "serverName"
                  ],
                  "properties": {
                    "store": {},
                    "serverName": {
                      "x-kubernetes-validations": [
                        {
                          "rule": "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",
                          "message": "serverName must contain only a-z, 0-9 and \"-\", and begin and end with a letter or digit"
                        }
                      ]
                    }
                  }
                },
                "targetTime": {
                  "x-kubernetes-validations": [
                    {
                      "rule": "self.matches('^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?(Z|[+-](0[0-9]|1[0-5]):[0-5][0-9])$')",
                      "message": "targetTime must be a time with its time zone, such as 2026-01-02T03:04:05Z or 2026-01-02T04:04:05+01:00"
                    }
                  ]
                }
              }
            },
            "redaction": {
              "required": [
                "configMapKeyRef"
              ],
              "properties": {
                "configMapKeyRef": {
                  "required": [
                    "name",
                    "key"
                  ],
                  "properties": {
                    "name": {
                      "x-kubernetes-validations": [
                        {
                          "rule": "self.matches('^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$')",
                          "message": "name must contain only a-z, 0-9, \"-\" and \".\", and begin and end with a letter or digit"
                        }
                      ]
                    },
                    "key": {
                      "x-kubernetes-validations": [
                        {
                          "rule": "self.matches('^[-._a-zA-Z0-9]+$') && self != '.' && !self.startsWith('..')",
                          "message": "key must contain only a-z, A-Z, 0-9, \"-\", \"_\" and \".\""
                        }
                      ]
                    }
                  }
                }
              }
            }
          }
        }
      }
    },
    "status": {
      "properties": {
        "phase": {
          "enum": [
            "creating",
            "running",
            "provisioning",
            "deleted"
          ]
        },
        "ready_at": {},
        "observedGeneration": {},
        "uid": {},
        "operator": {},
        "locality": {
          "enum": [
            "OnCluster"
          ]
        },
        "plan": {},
        "version": {},
        "image": {},
        "running": {
          "required": [
            "version",
            "lowest"
          ],
          "properties": {
            "image": {},
            "version": {},
            "lowest": {},
            "since": {}
          }
        },
        "clusterName": {},
        "secretName": {},
        "resources": {
          "properties": {
            "instances": {},
            "storage": {},
            "memory": {},
            "sidecarMemory": {},
            "backup": {
              "enum": [
                "none",
                "daily",
                "pitr"
              ]
            }
          }
        },
        "planChange": {
          "properties": {
            "from": {},
            "to": {},
            "steps": {
              "items": {
                "required": [
                  "what",
                  "from",
                  "to"
                ],
                "properties": {
                  "what": {},
                  "from": {},
                  "to": {}
                }
              }
            },
            "restart": {},
            "diskKept": {},
            "state": {
              "enum": [
                "Applying",
                "Applied",
                "Partial",
                "Suspended"
              ]
            }
          }
        },
        "preview": {
          "properties": {
            "plan": {},
            "steps": {
              "items": {
                "required": [
                  "what",
                  "from",
                  "to"
                ],
                "properties": {
                  "what": {},
                  "from": {},
                  "to": {}
                }
              }
            },
            "restart": {},
            "diskKept": {},
            "message": {}
          }
        },
        "primary": {},
        "readySince": {},
        "endpoints": {
          "properties": {
            "primary": {},
            "readOnly": {}
          }
        },
        "backup": {
          "properties": {
            "requested": {
              "enum": [
                "none",
                "daily",
                "pitr"
              ]
            },
            "effective": {
              "enum": [
                "none",
                "daily",
                "pitr"
              ]
            },
            "schedule": {},
            "store": {},
            "destinationPath": {},
            "serverName": {},
            "retention": {},
            "retentionSince": {},
            "nextTime": {},
            "lastSuccessTime": {},
            "lastFailure": {
              "properties": {
                "time": {},
                "message": {},
                "backup": {}
              }
            },
            "failedSince": {},
            "recoveryWindow": {
              "properties": {
                "from": {},
                "to": {}
              }
            },
            "archiving": {
              "enum": [
                "ok",
                "idle",
                "late",
                "failing",
                "unknown"
              ]
            },
            "now": {
              "required": [
                "request",
                "result"
              ],
              "properties": {
                "request": {},
                "result": {
                  "enum": [
                    "Running",
                    "Completed",
                    "Failed",
                    "Refused"
                  ]
                },
                "backup": {},
                "startTime": {},
                "endTime": {},
                "message": {},
                "refused": {}
              }
            },
            "drill": {
              "required": [
                "step",
                "startTime"
              ],
              "properties": {
                "step": {
                  "enum": [
                    "Archiving",
                    "Restoring",
                    "Removing"
                  ]
                },
                "startTime": {},
                "request": {},
                "serverName": {},
                "mark": {
                  "required": [
                    "lsn",
                    "wal",
                    "time"
                  ],
                  "properties": {
                    "lsn": {},
                    "wal": {},
                    "time": {}
                  }
                },
                "restoreTime": {},
                "keptUntil": {}
              }
            },
            "lastDrill": {
              "required": [
                "time",
                "result"
              ],
              "properties": {
                "time": {},
                "result": {
                  "enum": [
                    "Passed",
                    "Failed",
                    "Skipped"
                  ]
                },
                "request": {},
                "recoveryPoint": {},
                "age": {},
                "duration": {},
                "message": {}
              }
            },
            "lastDrillPassTime": {},
            "drillFailure": {
              "required": [
                "time"
              ],
              "properties": {
                "time": {},
                "message": {}
              }
            },
            "nextDrillTime": {},
            "lineages": {
              "items": {
                "required": [
                  "serverName"
                ],
                "properties": {
                  "serverName": {},
                  "store": {},
                  "destinationPath": {},
                  "version": {},
                  "since": {},
                  "from": {},
                  "until": {}
                }
              }
            }
          }
        },
        "restore": {
          "required": [
            "serverName"
          ],
          "properties": {
            "serverName": {},
            "namespace": {},
            "store": {},
            "targetTime": {},
            "database": {},
            "owner": {},
            "major": {},
            "estimate": {},
            "duration": {},
            "size": {},
            "redaction": {
              "enum": [
                "Pending",
                "Completed",
                "Unknown"
              ]
            },
            "lockedRoles": {
              "items": {}
            }
          }
        },
        "promotion": {
          "required": [
            "appId"
          ],
          "properties": {
            "appId": {},
            "secretName": {}
          }
        },
        "extras": {
          "items": {
            "required": [
              "form",
              "name"
            ],
            "properties": {
              "form": {
                "enum": [
                  "read-url",
                  "servicebinding",
                  "pgvars",
                  "ca"
                ]
              },
              "name": {},
              "sourceVersion": {}
            }
          }
        },
        "roles": {
          "items": {
            "required": [
              "role",
              "name",
              "secretName"
            ],
            "properties": {
              "role": {
                "enum": [
                  "read",
                  "write",
                  "admin"
                ]
              },
              "name": {},
              "secretName": {},
              "passwordVersion": {},
              "schemas": {
                "items": {}
              }
            }
          }
        },
        "binding": {
          "required": [
            "name"
          ],
          "properties": {
            "name": {}
          }
        },
        "credentials": {
          "properties": {
            "sourceVersion": {},
            "secretUID": {}
          }
        },
        "conditions": {
          "items": {
            "required": [
              "type",
              "status",
              "lastTransitionTime",
              "reason",
              "message"
            ],
            "properties": {
              "type": {},
              "status": {
                "enum": [
                  "True",
                  "False",
                  "Unknown"
                ]
              },
              "observedGeneration": {},
              "lastTransitionTime": {},
              "reason": {},
              "message": {}
            }
          }
        }
      }
    }
  }
};
