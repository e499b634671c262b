//go:build tools

// Package tools names the main package of Argo CD, so that go.sum covers it.
package tools

import (
	_ "github.com/argoproj/argo-cd/v3/cmd"
)
