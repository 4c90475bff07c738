// Command program is a database as a process. It opens the directory that is
// its argument, says "ready", and answers each line of its input with one line:
//
//	put KEY VALUE   ok KEY VALUE, once the entry is durable
//	del KEY         ok KEY
//	get KEY         value KEY VALUE, or none KEY
//	compact         ok compact
//
// or "error …". Commands for one key are carried out in order, others at the
// same time. At the end of its input, or at SIGTERM, it closes the database and
// exits with status 0; where it can't open it, with status 1.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"hash/maphash"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"

	"github.com/hone-go/hone/labs/storage/bitcask"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: program DIR")
		os.Exit(2)
	}
	db, err := bitcask.Open(os.Args[1], bitcask.Options{SegmentSize: 4 << 10})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	fmt.Println("ready")
	serve(db)
	if err := db.Close(); err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
}

// workers is how many commands may be under way.
const workers = 16

// serve answers until the input ends or SIGTERM comes.
func serve(db *bitcask.DB) {
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM)
	lines := make(chan string)
	go func() {
		defer close(lines)
		for in := bufio.NewScanner(os.Stdin); in.Scan(); {
			lines <- in.Text()
		}
	}()
	var wg sync.WaitGroup
	var queues [workers]chan []string
	for i := range queues {
		queues[i] = make(chan []string, 64)
		wg.Go(func() {
			for words := range queues[i] {
				// One write a line: lines of two workers never mix.
				os.Stdout.WriteString(answer(db, words) + "\n")
			}
		})
	}
	seed := maphash.MakeSeed()
	for open := true; open; {
		select {
		case line, ok := <-lines:
			if open = ok; ok {
				words := strings.Fields(line)
				queues[maphash.String(seed, strings.Join(words[min(1, len(words)):min(2, len(words))], ""))%workers] <- words
			}
		case <-term:
			open = false
		}
	}
	for _, q := range queues {
		close(q)
	}
	wg.Wait()
}

func answer(db *bitcask.DB, words []string) string {
	var err error
	switch {
	case len(words) == 3 && words[0] == "put":
		err = db.Put([]byte(words[1]), []byte(words[2]))
	case len(words) == 2 && words[0] == "del":
		err = db.Delete([]byte(words[1]))
	case len(words) == 2 && words[0] == "get":
		v, err := db.Get([]byte(words[1]))
		switch {
		case errors.Is(err, bitcask.ErrNotFound):
			return "none " + words[1]
		case err != nil:
			return "error " + err.Error()
		}
		return "value " + words[1] + " " + string(v)
	case len(words) == 1 && words[0] == "compact":
		err = db.Compact()
	default:
		return fmt.Sprintf("error no command %q", words)
	}
	if err != nil {
		return "error " + err.Error()
	}
	return "ok " + strings.Join(words[min(1, len(words)-1):], " ")
}
