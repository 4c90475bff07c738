package broken

//hone:claim leaf // want "cannot use"
func F() int { return "" }

//hone:claim size 8 // want "undefined"
type T struct{ a undefined }
