package claim

import (
	"fmt"
	"reflect"
	"runtime"
	"testing"
	"time"
	"weak"
)

// Unreachable claims that nothing keeps alive what hold returns: the garbage
// collector must collect it. hold makes the value, gives it to the code under
// test, has that code let go of it, and returns a pointer to it:
//
//	claim.Unreachable(t, "a popped element", func() *Job {
//		j := new(Job)
//		q.Push(j)
//		q.Pop()
//		return j
//	})
//
// The code under test must stay alive itself: use it after the call, or pass it to
// [runtime.KeepAlive], or the claim holds for the wrong reason. A pointer into a
// larger value stands for all of it: &buf[0] for the whole array. A value of less
// than 16 bytes without pointers shares a block with others of the kind and cannot
// be judged alone: it may be found reachable though nothing points to it.
func Unreachable[T any](t testing.TB, what string, hold func() *T) {
	t.Helper()
	// On a goroutine of its own, so that no dead slot of this stack has a pointer.
	var w weak.Pointer[T]
	var none bool
	r := start(func() {
		p := hold()
		if none = p == nil; !none {
			w = weak.Make(p)
		}
	})
	<-r.done
	r.resume()
	if none {
		t.Fatalf("%s: hold returned nil, so there is nothing to collect", what)
	}
	if collected(w) {
		return
	}
	note := ""
	if shared := reflect.TypeFor[T](); tiny(shared) {
		note = fmt.Sprintf("\nOr it is a lone %v: the runtime puts several values of this size (%d bytes, no pointers) into one block, which lives as long as any of them. Take a type of 16 bytes or with a pointer in it.", shared, shared.Size())
	}
	Fail(t, OutcomeLeak, `%s is still reachable after %d garbage collections: something keeps a pointer to it or into it, and with it all that it points to.
Look for: a slot of a slice or array that was not set to its zero value, past the length too; a slice or string that shares the array; a map entry; a list node or channel that still has it; a closure, a running goroutine or a timer that captured it; a finalizer.%s`,
		what, collections, note)
}

// collections is how many garbage collections a value may survive. A sync.Pool
// lets go after two, a finalizer needs one more.
const collections = 6

func collected[T any](w weak.Pointer[T]) bool {
	for range collections {
		runtime.GC()
		if w.Value() == nil {
			return true
		}
		time.Sleep(time.Millisecond) // for cleanups and goroutines on their way out
	}
	return false
}

// tiny reports whether the runtime's tiny allocator may serve a type.
func tiny(t reflect.Type) bool { return t.Size() == 0 || t.Size() < 16 && !pointers(t) }

func pointers(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Array:
		return t.Len() > 0 && pointers(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if pointers(t.Field(i).Type) {
				return true
			}
		}
		return false
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr,
		reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return false
	}
	return true
}
