package iface_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hone-go/hone/labs/types/iface"
)

// Which function of the runtime makes the second word, by the size, the alignment and the
// pointers of what is converted.
func TestConvert_By(t *testing.T) {
	all := compiled(t)
	var said []string
	var b strings.Builder
	for _, f := range pick(t, all, "FromInt", "FromWrapped", "FromNamed", "FromHalves", "FromPair", "FromPointers", "FromHandle", "FromBool", "FromStringer") {
		by := "-"
		if names := fromRuntime(f, "convT.*"); len(names) == 1 {
			by = strings.TrimPrefix(names[0], "conv")
		}
		said = append(said, by)
		fmt.Fprintf(&b, "%-12s %-8s %s\n", f.Name, by, f.Type)
	}
	iface.ConvertBy.Check(t, "functions that convert", strings.Join(said, " "), b.String()+`
T16, T32 and T64 want size and alignment, and no pointers: two int32 are 8 bytes, but
aligned to 4. A struct with one field is taken as that field. Tnoptr and T copy whatever it
is to a new object, which the collector need not look into, or must
(cmd/compile/internal/walk/convert.go, dataWordFuncName). What is one pointer is its own
word, one byte has a place in a table of the runtime's, and an interface has a second
word already.`)
}
