package broken

func F() int { return "text" }

func G() { undefined() }
