package fault

import (
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// PacketConn wraps a datagram connection. Datagrams written are lost,
// duplicated, reordered and delayed as the network's Out link says; of those that
// arrive, the In link loses some and swallows all in a blackhole. To fault both
// ways in full, wrap both ends.
//
// A reordered datagram is held back until the next one has been sent.
func (n *Network) PacketConn(c net.PacketConn) net.PacketConn {
	n.mu.Lock()
	defer n.mu.Unlock()
	p := &packetConn{PacketConn: c, net: n, outRand: n.fork(), inRand: n.fork()}
	p.timers = map[*time.Timer]struct{}{}
	return p
}

type packetConn struct {
	net.PacketConn
	net *Network

	readMu sync.Mutex
	inRand *rand.Rand

	mu      sync.Mutex
	outRand *rand.Rand
	held    *datagram
	timers  map[*time.Timer]struct{}
	closed  bool
}

type datagram struct {
	b  []byte
	to net.Addr
}

func (p *packetConn) WriteTo(b []byte, to net.Addr) (int, error) {
	link := p.net.outLink()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return p.PacketConn.WriteTo(b, to) // for its error
	}
	if link.Blackhole || hit(p.outRand, link.Loss) {
		return len(b), nil
	}
	d := datagram{append([]byte(nil), b...), to}
	if p.held == nil && hit(p.outRand, link.Reorder) {
		p.held = &d
		return len(b), nil
	}
	err := p.send(link, d)
	if hit(p.outRand, link.Duplicate) {
		p.send(link, d)
	}
	if held := p.held; held != nil {
		p.held = nil
		p.send(link, *held)
	}
	return len(b), err
}

// send hands a datagram on, later where the link says so.
func (p *packetConn) send(link Link, d datagram) error {
	delay := link.Delay
	if link.Jitter > 0 {
		delay += time.Duration(p.outRand.Int64N(int64(link.Jitter)))
	}
	if delay == 0 {
		_, err := p.PacketConn.WriteTo(d.b, d.to)
		return err
	}
	var timer *time.Timer
	timer = time.AfterFunc(delay, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.timers, timer)
		if !p.closed {
			p.PacketConn.WriteTo(d.b, d.to)
		}
	})
	p.timers[timer] = struct{}{}
	return nil
}

func (p *packetConn) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := p.PacketConn.ReadFrom(b)
		if err != nil {
			return n, from, err
		}
		link := p.net.inLink()
		p.readMu.Lock()
		lost := link.Blackhole || hit(p.inRand, link.Loss)
		p.readMu.Unlock()
		if !lost {
			return n, from, nil
		}
	}
}

// Close drops what is still on its way.
func (p *packetConn) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.held = nil
	for timer := range p.timers {
		timer.Stop()
	}
	return p.PacketConn.Close()
}

func hit(rng *rand.Rand, probability float64) bool {
	return probability > 0 && rng.Float64() < probability
}
