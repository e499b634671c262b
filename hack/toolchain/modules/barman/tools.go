//go:build tools

// Package tools names the main packages that the real test cluster needs of this group, so that go.sum covers them.
package tools

import (
	_ "github.com/cloudnative-pg/plugin-barman-cloud/cmd/manager"
)
