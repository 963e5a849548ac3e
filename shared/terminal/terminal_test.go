package terminal

import "testing"

func TestShownHoldsNothingThatATerminalActsOn(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Åre 深圳 GmbH":             "Åre 深圳 GmbH",
		"\x1b[2J\x07x\r\x7f":      "�[2J�x��",
		"a\u009b31m\u202eb\u2066": "a�31m�b�",
		"two\n\tlines":            "two\n\tlines",
	} {
		if got := Shown(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
