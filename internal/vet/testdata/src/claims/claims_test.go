package claims

//hone:claim leaf // want "test file"
func helper() {}
