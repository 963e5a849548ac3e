package main

import (
	"context"
	"io"
	"strings"
	"testing"
)

func TestRulesAreReadBeforeAnythingElse(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"a pack that is not there":             {[]string{"--pack", "testdata/nowhere"}, "open rule pack"},
		"a parameter that the pack lacks":      {[]string{"--set", "tariff=none"}, "tariff"},
		"a value that the parameter lacks":     {[]string{"--set", "diffusion=maybe"}, "diffusion is announced or codified"},
		"good rules, and a level that is none": {[]string{"--pack", "../../packs/us", "--set", "diffusion=codified", "--log-level", "loud"}, "log level"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := command()
			c.Writer, c.ErrWriter = io.Discard, io.Discard
			err := c.Run(context.Background(), append([]string{"screening"}, tt.args...))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
