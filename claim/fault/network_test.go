package fault_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/claim/fault"
)

// pair returns a wrapped end and the other end of a pipe.
func pair(t *testing.T, n *fault.Network) (wrapped, other net.Conn) {
	a, b := net.Pipe()
	wrapped = n.Conn(a)
	t.Cleanup(func() { wrapped.Close(); b.Close() })
	return wrapped, b
}

func TestConn_Perfect(t *testing.T) {
	claim.NoGoroutineLeak(t)
	c, other := pair(t, fault.NewNetwork(nil))
	go func() {
		io.Copy(other, io.LimitReader(other, 5))
		other.Close()
	}()
	must(c.Write([]byte("hello")))
	if b, err := io.ReadAll(c); string(b) != "hello" || err != nil {
		t.Errorf("echo = %q, %v", b, err)
	}
}

func TestConn_Delay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := fault.NewNetwork(claim.Rand(t))
		n.Out(fault.Link{Delay: time.Second, Jitter: time.Second})
		n.In(fault.Link{Delay: time.Minute})
		c, other := pair(t, n)
		start := time.Now()
		must(c.Write([]byte("a")))
		must(c.Write([]byte("b")))
		if time.Since(start) != 0 {
			t.Errorf("Write waited %v for the delivery", time.Since(start))
		}
		buf := make([]byte, 2)
		must(io.ReadFull(other, buf))
		if d := time.Since(start); string(buf) != "ab" || d < time.Second || d >= 2*time.Second {
			t.Errorf("%q arrived after %v, want ab after 1s to 2s", buf, d)
		}
		start = time.Now()
		must(other.Write([]byte("c")))
		must(io.ReadFull(c, buf[:1]))
		if d := time.Since(start); d != time.Minute {
			t.Errorf("the answer took %v, want 1m", d)
		}
	})
}

func TestConn_SegmentsAndGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := fault.NewNetwork(nil)
		n.Both(fault.Link{Segment: 1, Gap: time.Second})
		c, other := pair(t, n)
		start := time.Now()
		must(c.Write([]byte("abc")))
		buf := make([]byte, 10)
		for range 3 {
			if k, err := other.Read(buf); k != 1 || err != nil {
				t.Errorf("Read = %d, %v, want a byte", k, err)
			}
		}
		if d := time.Since(start); d != 2*time.Second {
			t.Errorf("three bytes took %v, want 2s", d)
		}
		go other.Write([]byte("xy"))
		for range 2 {
			if k, err := c.Read(buf); k != 1 || err != nil {
				t.Errorf("Read = %d, %v, want a byte", k, err)
			}
		}
	})
}

func TestConn_OneWayPartition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := fault.NewNetwork(nil)
		c, other := pair(t, n)
		n.Out(fault.Link{Blackhole: true})
		must(c.Write([]byte("lost?")))
		go other.Write([]byte("in"))
		buf := make([]byte, 5)
		must(io.ReadFull(c, buf[:2])) // the other direction works
		other.SetReadDeadline(time.Now().Add(time.Hour))
		if k, err := other.Read(buf); k != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Read = %d, %v through a partition", k, err)
		}
		n.Out(fault.Link{})
		other.SetReadDeadline(time.Time{})
		must(io.ReadFull(other, buf))
		if string(buf) != "lost?" {
			t.Errorf("after the partition: %q", buf)
		}
	})
}

func TestConn_Deadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := fault.NewNetwork(nil)
		n.Both(fault.Link{Blackhole: true})
		c, _ := pair(t, n)
		start := time.Now()
		c.SetDeadline(start.Add(time.Second))
		_, err := c.Read(make([]byte, 1))
		var ne net.Error
		if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &ne) || !ne.Timeout() {
			t.Errorf("Read: %v, want a timeout", err)
		}
		start = time.Now()
		c.SetDeadline(start.Add(time.Second))
		k, err := c.Write(make([]byte, 1<<20))
		if k == 0 || k == 1<<20 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Write = %d, %v, want a part and a timeout", k, err)
		}
		if d := time.Since(start); d != time.Second {
			t.Errorf("Write took %v, want 1s", d)
		}
	})
}

// After Close, what was written arrives, unless nothing does.
func TestConn_CloseFlushes(t *testing.T) {
	for _, hole := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			claim.NoGoroutineLeak(t)
			n := fault.NewNetwork(nil)
			n.Out(fault.Link{Delay: 100 * time.Millisecond, Blackhole: hole})
			c, other := pair(t, n)
			read := make(chan []byte)
			go func() { read <- must(io.ReadAll(other)) }()
			must(c.Write([]byte("bye")))
			c.Close()
			if _, err := c.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
				t.Errorf("Write after Close: %v", err)
			}
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
				t.Errorf("Read after Close: %v", err)
			}
			b := <-read
			if want := map[bool]string{false: "bye"}[hole]; string(b) != want {
				t.Errorf("blackhole %v: the other end reads %q, want %q", hole, b, want)
			}
		})
	}
}

// listen returns a TCP server on a wrapped listener, and what handle is called with.
func listen(t *testing.T, n *fault.Network, handle func(net.Conn)) string {
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	if n != nil {
		l = n.Listener(l)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { defer c.Close(); handle(c) })
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return l.Addr().String()
}

func echo(c net.Conn) { io.Copy(c, c) }

func TestReset_BothEndsSeeIt(t *testing.T) {
	claim.NoGoroutineLeak(t)
	seen := make(chan error, 1)
	addr := listen(t, nil, func(c net.Conn) {
		_, err := io.ReadAll(c)
		seen <- err
	})
	n := fault.NewNetwork(nil)
	c := must(n.DialContext(context.Background(), "tcp", addr))
	defer c.Close()
	must(c.Write([]byte("x")))
	time.Sleep(10 * time.Millisecond)
	n.Reset()
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("our end: %v, want a reset", err)
	}
	if err := <-seen; !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the other end: %v, want a reset", err)
	}
}

func TestCutAfter_EveryByte(t *testing.T) {
	claim.NoGoroutineLeak(t)
	got := make(chan int, 1)
	addr := listen(t, nil, func(c net.Conn) {
		b, _ := io.ReadAll(c)
		got <- len(b)
	})
	for cut := range int64(6) {
		n := fault.NewNetwork(nil)
		n.Out(fault.Link{CutAfter: cut})
		c := must(n.DialContext(context.Background(), "tcp", addr))
		c.Write([]byte("hello"))
		if cut == 0 || cut > 5 {
			c.(interface{ CloseWrite() error }).CloseWrite()
			cut = 5
		}
		// A reset may overtake the bytes before it, but none comes after the cut.
		if k := <-got; int64(k) > cut || cut == 5 && k != 5 && k != 0 {
			t.Errorf("cut after %d: %d bytes arrived", cut, k)
		}
		c.Close()
	}
}

func TestHTTP_ByteByByte(t *testing.T) {
	claim.NoGoroutineLeak(t)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(w, r.Body)
	}))
	n := fault.NewNetwork(nil)
	n.Both(fault.Link{Segment: 1})
	s.Listener = n.Listener(s.Listener)
	s.Start()
	defer s.Close()
	body := strings.Repeat("body", 500)
	c := &http.Client{Transport: &http.Transport{DialContext: n.DialContext}}
	defer c.CloseIdleConnections()
	for range 2 {
		resp := must(c.Post(s.URL, "text/plain", strings.NewReader(body)))
		if b, err := io.ReadAll(resp.Body); string(b) != body || err != nil {
			t.Errorf("%d bytes, %v", len(b), err)
		}
		resp.Body.Close()
	}
}

func TestProxy(t *testing.T) {
	claim.NoGoroutineLeak(t)
	n := fault.NewNetwork(nil)
	p := n.Proxy(t, listen(t, nil, echo))
	c := must(net.Dial("tcp", p.Addr)).(*net.TCPConn)
	defer c.Close()
	data := bytes.Repeat([]byte("0123456789"), 100_000)
	go func() {
		c.Write(data)
		c.CloseWrite()
	}()
	if b, err := io.ReadAll(c); !bytes.Equal(b, data) || err != nil {
		t.Errorf("%d bytes, %v through the proxy", len(b), err)
	}

	p.Target(listen(t, nil, func(c net.Conn) { io.WriteString(c, "second") }))
	c2 := must(net.Dial("tcp", p.Addr))
	defer c2.Close()
	if b, err := io.ReadAll(c2); string(b) != "second" || err != nil {
		t.Errorf("after Target: %q, %v", b, err)
	}

	p.Target("127.0.0.1:1")
	c3, err := net.Dial("tcp", p.Addr)
	if err == nil {
		defer c3.Close()
		_, err = c3.Read(make([]byte, 1))
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a target that is down: %v, want a reset", err)
	}
}

func TestProxy_Reset(t *testing.T) {
	claim.NoGoroutineLeak(t)
	n := fault.NewNetwork(nil)
	p := n.Proxy(t, listen(t, nil, echo))
	c := must(net.Dial("tcp", p.Addr))
	defer c.Close()
	must(c.Write([]byte("x")))
	must(io.ReadFull(c, make([]byte, 1)))
	n.Reset()
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("client: %v, want a reset", err)
	}
}

// A proxy with open connections ends with the test.
func TestProxy_Ends(t *testing.T) {
	claim.NoGoroutineLeak(t)
	n := fault.NewNetwork(nil)
	c := must(net.Dial("tcp", n.Proxy(t, listen(t, nil, echo)).Addr))
	t.Cleanup(func() { c.Close() })
	must(c.Write([]byte("x")))
	must(io.ReadFull(c, make([]byte, 1)))
	n.Both(fault.Link{Blackhole: true})
	c.Write([]byte("y"))
}

// A packets is a datagram connection that notes what is sent.
type packets struct {
	net.PacketConn
	mu   sync.Mutex
	sent []string
}

func (p *packets) WriteTo(b []byte, _ net.Addr) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, string(b))
	return len(b), nil
}

func (p *packets) Close() error { return nil }

func (p *packets) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.sent, "")
}

func send(c net.PacketConn, s string) {
	for _, r := range s {
		must(c.WriteTo([]byte(string(r)), nil))
	}
}

func TestPacketConn(t *testing.T) {
	const all = "abcdefghijklmnopqrstuvwxyz"
	for name, c := range map[string]struct {
		link fault.Link
		ok   func(got string) bool
	}{
		"perfect":   {fault.Link{}, func(got string) bool { return got == all }},
		"loss":      {fault.Link{Loss: 0.5}, func(got string) bool { return len(got) > 3 && len(got) < 23 }},
		"all lost":  {fault.Link{Loss: 1}, func(got string) bool { return got == "" }},
		"blackhole": {fault.Link{Blackhole: true}, func(got string) bool { return got == "" }},
		"duplicate": {fault.Link{Duplicate: 1}, func(got string) bool { return strings.HasPrefix(got, "aabbcc") && len(got) == 52 }},
		"reorder":   {fault.Link{Reorder: 1}, func(got string) bool { return strings.HasPrefix(got, "badcfe") && len(got) == 26 }},
		"jitter":    {fault.Link{Jitter: time.Second}, func(got string) bool { return got != all && len(got) == 26 }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := fault.NewNetwork(claim.Rand(t))
				n.Out(c.link)
				below := &packets{}
				p := n.PacketConn(below)
				send(p, all)
				time.Sleep(2 * time.Second)
				if got := below.String(); !c.ok(got) {
					t.Errorf("sent %q", got)
				}
				p.Close()
			})
		})
	}
}

func TestPacketConn_CloseDropsWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		claim.NoGoroutineLeak(t)
		n := fault.NewNetwork(nil)
		n.Out(fault.Link{Delay: time.Second})
		below := &packets{}
		p := n.PacketConn(below)
		send(p, "abc")
		p.Close()
		time.Sleep(time.Minute)
		if got := below.String(); got != "" {
			t.Errorf("sent %q after Close", got)
		}
	})
}

func TestPacketConn_In(t *testing.T) {
	n := fault.NewNetwork(claim.Rand(t))
	a := must(net.ListenPacket("udp", "127.0.0.1:0"))
	b := n.PacketConn(must(net.ListenPacket("udp", "127.0.0.1:0")))
	defer a.Close()
	defer b.Close()
	n.In(fault.Link{Blackhole: true})
	must(a.WriteTo([]byte("lost"), b.LocalAddr()))
	b.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if _, _, err := b.ReadFrom(make([]byte, 9)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("ReadFrom = %v through a partition", err)
	}
	n.In(fault.Link{})
	b.SetReadDeadline(time.Time{})
	must(a.WriteTo([]byte("found"), b.LocalAddr()))
	buf := make([]byte, 9)
	if k, _, err := b.ReadFrom(buf); string(buf[:k]) != "found" || err != nil {
		t.Errorf("ReadFrom = %q, %v", buf[:k], err)
	}
}
