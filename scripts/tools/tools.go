// Package tools pins the tools that make verify runs: they are the tool lines of this module's go.mod.
package tools
