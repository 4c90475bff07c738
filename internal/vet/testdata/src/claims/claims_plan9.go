package claims

//hone:claim leaf
//hone:claim noheapalloc
func plan9() {}
