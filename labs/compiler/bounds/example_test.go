package bounds_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hone-go/hone/lens/compile"
)

// What is left of the checks of the specimens, and what prove knew.
func Example_specimens() {
	for _, name := range []string{"To", "ToOnce", "Next", "NextLess", "Fourth", "FourthCut", "Hops", "HopsCut", "Squares", "Both", "BothSame"} {
		lines, kept := look(name)
		if len(kept) == 0 {
			fmt.Printf("%-10s no check\n", name)
		}
		for i, c := range kept {
			if i > 0 {
				name = ""
			}
			fmt.Printf("%-10s %s\n           %s check; known: %s\n", name, lines[i], c.Kind, c.Proof)
		}
	}
	// Output:
	// To         sum += int(b[i])
	//            index check; known: 0 <= i; 0 <= len(b)
	// ToOnce     b = b[:n]
	//            slice check; known: n can be anything; 0 <= cap(b)
	// Next       return int(b[i+1])
	//            index check; known: 1+i can be anything; 0 <= len(b); 1+i < len(b)
	// NextLess   no check
	// Fourth     sum += int(b[4*i+3])
	//            index check; known: 3 <= 3+v17; 1 <= len(b)
	// FourthCut  no check
	// Hops       at += int(b[at]&7) + 1
	//            index check; known: at can be anything; 0 <= len(b); at < len(b)
	// HopsCut    no check
	// Squares    return slice[x],
	//            index check; known: 0 <= x <= 255; 0 <= len(slice)
	// Both       dst[i] = a[i] + b[i]
	//            index check; known: 0 <= i; 0 <= len(dst)
	//            dst[i] = a[i] + b[i]
	//            index check; known: 0 <= i; 0 <= len(b)
	// BothSame   dst, b = dst[:len(a)], b[:len(a)]
	//            slice check; known: 0 <= len(a); 0 <= cap(dst)
	//            dst, b = dst[:len(a)], b[:len(a)]
	//            slice check; known: 0 <= len(a); 0 <= cap(b)
}

// look asks for the bounds checks that are left in a function, and the source lines of them.
func look(name string) (lines []string, kept []compile.Check) {
	ctx := context.Background()
	lens, err := compile.Open(ctx, compile.Options{Cache: os.Getenv("HONE_COMPILER")})
	if err != nil {
		fmt.Println(err)
		return nil, nil
	}
	defer lens.Close()
	r, err := lens.Look(ctx, compile.Query{Dir: os.Getenv("HONE_DIR"), Package: ".", Function: name})
	if err != nil {
		fmt.Println(err)
		return nil, nil
	}
	for _, f := range r.Functions {
		for _, c := range f.Checks {
			if !c.Kept || c.Kind == compile.CheckNil {
				continue
			}
			at := c.Stack[0].Position
			text, err := os.ReadFile(filepath.Join(r.Dir, filepath.Base(at.File)))
			if err != nil {
				fmt.Println(err)
				continue
			}
			lines = append(lines, strings.TrimSpace(strings.Split(string(text), "\n")[at.Line-1]))
			kept = append(kept, c)
		}
	}
	return lines, kept
}
