package trace_test

import (
	"bytes"
	"fmt"
	"log"
	rt "runtime/trace"

	"github.com/hone-go/hone/lens/trace"
)

// What a program did while it was traced: here, one goroutine that blocks until another
// sends.
func ExampleTrace_Generations() {
	var buf bytes.Buffer
	if err := rt.Start(&buf); err != nil {
		log.Fatal(err)
	}
	c, done := make(chan int), make(chan bool)
	go func() { <-c; close(done) }()
	c <- 1
	<-done
	rt.Stop()

	t, err := trace.Parse(buf.Bytes())
	if err != nil {
		log.Fatal(err)
	}
	for g := range t.Generations(trace.Options{}) {
		for i := range g.Goroutines {
			row := &g.Goroutines[i]
			if t.Name(row.Func) != "github.com/hone-go/hone/lens/trace_test.ExampleTrace_Generations.func1" {
				continue
			}
			sum := trace.Time(0)
			for iv := range g.Timeline(i) {
				sum += iv.End - iv.Start
			}
			fmt.Println("created and ended:", row.HasCreated(), row.HasEnded())
			fmt.Println("its states make up its life:", sum == row.Ended-row.Created)
		}
	}
	// Output:
	// created and ended: true true
	// its states make up its life: true
}
