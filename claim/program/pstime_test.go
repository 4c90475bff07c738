package program

import (
	"testing"
	"time"
)

func TestPsTime(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"0:00.05":    50 * time.Millisecond,
		"1:02.5":     62500 * time.Millisecond,
		"00:01:02":   62 * time.Second,
		"2-01:00:00": 49 * time.Hour,
		"1:xx":       -1,
		"":           -1,
		"-1:00":      -1,
		"1:2:3:4":    -1,
		"1:NaN":      -1,
	} {
		got, err := psTime(s)
		if err != nil {
			got = -1
		}
		if got != want {
			t.Errorf("psTime(%q) = %v, %v, want %v", s, got, err, want)
		}
	}
}

func FuzzPsTime(f *testing.F) {
	f.Add("2-01:00:00.5")
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := psTime(s); err == nil && d < 0 {
			t.Errorf("psTime(%q) = %v", s, d)
		}
	})
}

func FuzzOutput(f *testing.F) {
	f.Add("a\nb\r\n\nc", "a")
	f.Fuzz(func(t *testing.T, text, prefix string) {
		o := newOutput()
		for i := range len(text) {
			stdout{o}.Write([]byte(text[i : i+1]))
		}
		o.close()
		if o.String() != text {
			t.Errorf("output = %q, want %q", o.String(), text)
		}
		for range len(text) + 1 {
			if _, found, again := o.find(prefix, true); !found && again == nil {
				return
			}
		}
		t.Error("more lines than bytes")
	})
}
