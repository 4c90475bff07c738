// Package compile shows what the compiler did to a function: what it inlined and at
// what price, what escapes and on which way, which checks it proved away, how SSA
// looked after every pass, and the machine code with the value and the source position
// behind every instruction.
//
//	l, err := compile.Open(ctx, compile.Options{})
//	r, err := l.Look(ctx, compile.Query{Package: "encoding/json", Function: "(*decodeState).object"})
//	for _, a := range r.Functions[0].Allocations {
//		fmt.Println(a.Call, a.Stack)
//	}
//
// Start with [Open] and [Lens.Look]; [Function] is what there is to know. It looks at any
// package that the go command can build: of any module, of the standard library, with its
// tests, with unsaved text, for another machine, with a profile.
//
// It runs nothing of the package, draws nothing, and decides nothing: what a fact is
// worth is for whoever asks. And it never says "no" for "I don't know": what a report
// can't have is in [Observed].Gaps, and a claim has to look there first.
//
// # How it works
//
// The compiler has switches that make it talk, and they are not enough. -m prints
// sentences that change between versions and name no function; -json leaves out calls
// that were inlined and everything that does not escape; the dumps of SSA give a line
// without its file, so a value that was inlined from elsewhere points to the wrong place;
// and all of it comes for the whole package, in megabytes, or not at all when the build
// cache has an old result. So the user's own compiler is built once more, from the source
// that comes with every Go distribution, with about thirty calls put into it (patches)
// and a few files added (the directory observer). That copy writes down what it does, as
// records with positions and numbers, for the functions that are asked for and no others.
//
// It is the same compiler: the objects that it makes are compared with the stock
// compiler's, byte by byte, on four packages of the standard library when it is built,
// with everything observed. That is what Observed.Verified says. It is faster, too,
// although it says more: most of a compilation is the back end, and it takes only the
// functions that were asked for through it.
//
// A question goes this way:
//
//	request   the query made whole: which toolchain go.mod asks for, where the overlay is
//	choose    the observer, or why the stock compiler must do     observer.go, patches.go
//	plan      the compiler's exact command, from go build -n      plan.go, script.go, stamp.go
//	answer    a process for this question, or one that stays      look.go, homes.go
//	decode    records into facts                                  wire.go, decode.go, …
//	stock     where there is no observer                          stock.go
//
// # Traps
//
// What follows cost somebody a wrong answer once.
//
//   - A patch whose anchor moved may still apply and mean something else. Each must be
//     found exactly once; else its feature is off, and the report says so. The observer
//     holds for Go 1.24 to 1.27; that of 1.24 doesn't know what is live.
//   - Go 1.25 and later refuse to overlay files in the module cache, where a toolchain
//     lies that the go command fetched. The observer is then built in a GOROOT of links.
//   - The compiler removes its output file when it fails, whatever that is. With
//     -o /dev/null, as root, it removes the null device.
//   - go build replays -m and -S from its cache, but not -json files and not ssa.html: an
//     empty directory and exit status 0. So the compiler is called directly.
//   - A fact belongs to a function, never to a range of lines: closures, instances of
//     generics and inlined calls share lines. Hence [lens.Stack].
//   - A slice made with a variable size "does not escape" since Go 1.25 and is still
//     allocated when the size is over 32 bytes. Whether something allocates is read from
//     the machine code: [Function].Allocations.
//   - The names of the runtime's functions change: panicIndex until 1.25 is panicBounds
//     from 1.26 on.
//   - A bounds check that the front end can rule out (s[i&15] of an array of 16) is never
//     made, so it is neither kept nor proven. An index that grows by i++ under i+1 < len(s)
//     is not known to be positive: the check of s[i+1] stays.
//   - The compiler gives the number of an SSA value that is gone to another: see
//     [Function.History].
//   - A generic function without an instance has no code, and "no allocations" would be
//     vacuous: that is a [MissingError] with NoCode.
//   - -cover moves columns and adds code, -race adds calls: a plain build is looked at
//     unless Query.Flags say otherwise.
//
// # Cost
//
// Building the observer costs 35 to 90 s of CPU, once for each Go version. A cold question
// costs the front end of the package, about 25 µs of CPU a line, and its one function;
// asked again of a process that stayed, a median of a few milliseconds. BenchmarkCold and
// BenchmarkResident measure both beside the stock compiler.
package compile
