// Command program runs the quote service among markets that are slow and markets that
// are down, with clients who come and go, so that its leaks can be watched.
//
//	go run ./program                  everything
//	go run ./program -load streams    clients who watch a symbol for a moment
//
// The service and its profiles are in this process. Markets and clients are in another
// one, so that none of their goroutines is in the profile. The loads:
//
//	quotes   GET /quote, for symbols whose first market is slow now and then
//	streams  GET /stream, for a moment each; some of the symbols are quiet
//	outage   one stream that stays, of a symbol for which the first market is down
//	reloads  a new service in place of the old one, which is closed, every ten seconds
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hone-go/hone/labs/concurrency/leaks"
)

func main() {
	load := flag.String("load", "quotes,streams,outage,reloads", "what goes on, comma-separated")
	address := flag.String("pprof", "127.0.0.1:6060", "where the profiles are served")
	world := flag.Bool("world", false, "be the markets and the clients (used by the program itself)")
	flag.Parse()
	loads := strings.Split(*load, ",")
	var err error
	if *world {
		err = playWorld(loads)
	} else {
		err = serve(loads, *address)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "program:", err)
		os.Exit(1)
	}
}

// serve runs the service until it's interrupted, and says how many goroutines there are.
func serve(loads []string, address string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	self, err := os.Executable()
	if err != nil {
		return err
	}
	world := exec.Command(self, "-world", "-load", strings.Join(loads, ","))
	world.Stderr = os.Stderr
	hear, err := world.StdoutPipe()
	if err != nil {
		return err
	}
	tell, err := world.StdinPipe()
	if err != nil {
		return err
	}
	if err := world.Start(); err != nil {
		return fmt.Errorf("start markets and clients: %w", err)
	}
	defer world.Wait()
	defer tell.Close() // it ends when nobody tells it any more

	config := leaks.Config{Poll: 100 * time.Millisecond, Fresh: 200 * time.Millisecond}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4}}
	lines := bufio.NewScanner(hear)
	for len(config.Markets) < 3 && lines.Scan() {
		name := fmt.Sprint("market", len(config.Markets)+1)
		config.Markets = append(config.Markets, leaks.Upstream{Name: name, URL: lines.Text(), Client: client})
	}

	if len(config.Markets) < 3 {
		return fmt.Errorf("the markets did not open: %w", world.Wait())
	}

	front, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	var current atomic.Pointer[leaks.Service]
	current.Store(leaks.New(config))
	go http.Serve(front, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		current.Load().ServeHTTP(w, r)
	}))
	profiles, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("serve profiles (choose another address with -pprof): %w", err)
	}
	go http.Serve(profiles, nil)
	fmt.Fprintf(tell, "http://%s\n", front.Addr())

	fmt.Printf("service   http://%s\nprofiles  http://%s/debug/pprof/goroutine?debug=1 (grouped) or ?debug=2 (one by one)\nload      %s\n\n",
		front.Addr(), profiles.Addr(), strings.Join(loads, ", "))
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for second := 1; ; second++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if second%10 == 0 && slices.Contains(loads, "reloads") {
			current.Swap(leaks.New(config)).Close()
		}
		if second <= 5 || second%5 == 0 {
			fmt.Printf("%4ds  %6d goroutines\n", second, runtime.NumGoroutine())
		}
	}
}
