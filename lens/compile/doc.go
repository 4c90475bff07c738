// Package compile shows what the compiler did to a function: what it inlined and at
// what price, what escapes and on which way, which checks it proved away, how SSA
// looked after every pass, and the machine code with the value and the source position
// behind every instruction.
//
// Start with [Open] and [Lens.Look].
package compile
