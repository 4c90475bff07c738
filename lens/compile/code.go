package compile

import "github.com/hone-go/hone/lens"

// Code is the machine code of a function. Sizes and offsets are in bytes.
type Code struct {
	Size         int64         `json:"size"`
	Frame        int64         `json:"frame"`             // of locals and outgoing arguments, without the return address
	Args         int64         `json:"args"`              // stack space of arguments, results and spills of register arguments, in the caller's frame
	NoSplit      bool          `json:"noSplit,omitempty"` // there is no check for stack growth
	Leaf         bool          `json:"leaf,omitempty"`    // it calls nothing but the stack growth
	ABI          string        `json:"abi,omitempty"`     // which registers hold arguments and results
	LiveAtEntry  string        `json:"liveAtEntry,omitempty"`
	Slots        []Slot        `json:"slots,omitempty"`
	Instructions []Instruction `json:"instructions,omitempty"`
	Relocations  []Relocation  `json:"relocations,omitempty"`
}

// An Instruction is one instruction of the assembler, or one of its pseudo
// operations (TEXT, FUNCDATA, PCDATA), which have no bytes.
type Instruction struct {
	PC     int64      `json:"pc"` // from the start of the function
	Op     string     `json:"op"` // "MOVQ", "CALL"
	Text   string     `json:"text"`
	Bytes  string     `json:"bytes,omitempty"`  // in hexadecimal, before relocation
	Target string     `json:"target,omitempty"` // symbol that a call or jump leads to, "" for a register or none
	Jump   int64      `json:"jump"`             // PC that a branch within the function leads to, else -1
	Stack  lens.Stack `json:"stack,omitempty"`
	Value  int        `json:"value"` // SSA value it was made for, or -1
	Block  int        `json:"block"` // SSA block whose control it is, or -1
	Live   string     `json:"live,omitempty"`
}

// A Slot is a variable of the frame, or an argument.
type Slot struct {
	Name      string     `json:"name"`
	Type      string     `json:"type"`
	Class     string     `json:"class"` // "PAUTO", "PPARAM", "PPARAMOUT", "PAUTOHEAP"
	Size      int64      `json:"size"`
	Align     int64      `json:"align"`
	Offset    int64      `json:"offset"` // from the frame's top; negative for locals
	Used      bool       `json:"used,omitempty"`
	OnHeap    bool       `json:"onHeap,omitempty"`    // it was moved there, and this is its pointer
	AddrTaken bool       `json:"addrTaken,omitempty"` //
	Stack     lens.Stack `json:"stack,omitempty"`
}

// A Relocation is a place in the code that the linker fills in.
type Relocation struct {
	Offset int64  `json:"offset"` // from the start of the function
	Size   int    `json:"size"`
	Type   string `json:"type"` // "R_CALL"
	Symbol string `json:"symbol,omitempty"`
	Add    int64  `json:"add,omitempty"`
}
