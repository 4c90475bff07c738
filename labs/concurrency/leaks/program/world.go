package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/hone-go/hone/labs/concurrency/leaks"
)

// playWorld opens three markets, says where they are, hears where the service is, and
// sends clients there until its input ends.
func playWorld(loads []string) error {
	for i := range 3 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		go http.Serve(l, market{first: i == 0})
		fmt.Printf("http://%s\n", l.Addr())
	}
	in := bufio.NewScanner(os.Stdin)
	if !in.Scan() {
		return errors.New("nobody said where the service is")
	}
	for name, client := range map[string]func(service string){"quotes": askQuotes, "streams": openStreams, "outage": watchOutage} {
		if slices.Contains(loads, name) {
			go client(in.Text())
		}
	}
	for in.Scan() {
	}
	return nil
}

// A market answers for any symbol. The first market takes its time for one symbol in four,
// and is down for those of the outage. Symbols that begin with Q are quiet: one price.
type market struct{ first bool }

func (m market) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	symbol := r.FormValue("symbol")
	if m.first && strings.HasPrefix(symbol, "DOWN") {
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, "<html>"+strings.Repeat("<p>Please try again in a few minutes.</p>\n", 50)+"</html>")
		return
	}
	if m.first && rand.N(4) == 0 {
		select {
		case <-time.After(time.Second):
		case <-r.Context().Done():
			return
		}
	}
	price := int64(100_0000)
	if !strings.HasPrefix(symbol, "Q") {
		price += rand.Int64N(1000)
	}
	json.NewEncoder(w).Encode(leaks.Quote{Symbol: symbol, Price: price, At: time.Now()})
}

// askQuotes asks for twenty quotes a second.
func askQuotes(service string) {
	for range time.Tick(50 * time.Millisecond) {
		go fetch(context.Background(), fmt.Sprintf("%s/quote?symbol=S%d", service, rand.N(40)))
	}
}

// openStreams opens five streams a second and hangs up soon.
func openStreams(service string) {
	for i := 0; ; i++ {
		time.Sleep(200 * time.Millisecond)
		go func() {
			ctx, hangUp := context.WithTimeout(context.Background(), 700*time.Millisecond)
			defer hangUp()
			fetch(ctx, fmt.Sprintf("%s/stream?symbol=%c%d", service, "QB"[i%2], i%20))
		}()
	}
}

// watchOutage watches one symbol, and comes back when the stream ends.
func watchOutage(service string) {
	for {
		fetch(context.Background(), service+"/stream?symbol=DOWN")
		time.Sleep(100 * time.Millisecond)
	}
}

// fetch reads an answer to its end. A client like this one doesn't care for errors.
func fetch(ctx context.Context, url string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
}
