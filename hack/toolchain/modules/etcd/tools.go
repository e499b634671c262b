//go:build tools

// Package tools names the main packages that the real test cluster needs of this group, so that go.sum covers them.
package tools

import (
	_ "go.etcd.io/etcd/server/v3"
)
