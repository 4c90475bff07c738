// Command actor does what its arguments say, one after the other.
package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

func main() {
	for _, arg := range os.Args[1:] {
		do, with, _ := strings.Cut(arg, "=")
		act(do, with)
	}
}

func act(do, with string) {
	n, _ := strconv.Atoi(with)
	switch do {
	case "say":
		fmt.Println(with)
	case "err":
		fmt.Fprintln(os.Stderr, with)
	case "env":
		fmt.Println(with, os.Getenv(with))
	case "dir":
		dir, _ := os.Getwd()
		fmt.Println("dir", dir)
	case "echo":
		for s := bufio.NewScanner(os.Stdin); s.Scan(); {
			fmt.Println("echo", s.Text())
		}
	case "term":
		c := make(chan os.Signal, 1)
		signal.Notify(c, syscall.SIGTERM)
		fmt.Println("ready")
		<-c
		fmt.Println("terminated")
	case "hang":
		time.Sleep(time.Hour)
	case "exit":
		os.Exit(n)
	case "panic":
		panic(with)
	case "flood":
		line := strings.Repeat("x", 1023) + "\n"
		for range n {
			fmt.Print(line)
		}
	case "burn":
		for end := time.Now().Add(time.Duration(n) * time.Millisecond); time.Now().Before(end); {
		}
		fmt.Println("burned")
	case "child": // one that leaves the process group and keeps stdout open
		c := exec.Command("sleep", with)
		c.Stdout = os.Stdout
		c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := c.Start(); err != nil {
			panic(err)
		}
		fmt.Println("child", c.Process.Pid)
	case "race":
		x := 0
		var wg sync.WaitGroup
		wg.Go(func() { x++ })
		wg.Go(func() { x++ })
		wg.Wait()
	}
}
