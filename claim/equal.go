package claim

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"
)

// Equal fails the test, and lets it continue, when got and want differ by
// [reflect.DeepEqual].
func Equal[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	if reflect.DeepEqual(got, want) {
		return
	}
	t.Errorf("%s = %+v, want %+v", what, got, want)
}

// Bytes fails the test, and lets it continue, when got and want differ.
func Bytes(t testing.TB, what string, got, want []byte) {
	t.Helper()
	if bytes.Equal(got, want) {
		return
	}
	t.Errorf("%s", fmt.Sprintf("%s = %q, want %q", what, got, want))
}
