module postgres-addon-operator/hack/toolchain/pause

go 1.26.0
