// Package fault has a disk and a network that misbehave on purpose, the same way
// each time for one seed.
//
// # A disk
//
// [FS] is a file system in memory that knows what a power cut would leave of it.
// The smallest example cuts the power after every operation of a program:
//
//	fault.Crashes(t, func(disk *fault.FS) {
//		save(disk, "config", "new") // on disk instead of package os
//	}, func(disk *fault.FS, at fault.Point) {
//		if got := load(disk, "config"); got != "old" && got != "new" {
//			t.Errorf("config = %q", got)
//		}
//	})
//
// [Failures] makes every operation fail once instead. Both are loops over what FS
// itself can do: [FS.Fail], [FS.Limit], [FS.Crash].
//
// # A network
//
// [Network] wraps a [net.Conn], [net.Listener] or [net.PacketConn], or stands as a
// [Proxy] between two processes:
//
//	n := fault.NewNetwork(claim.Rand(t))
//	p := n.Proxy(t, serverAddr)
//	n.Both(fault.Link{Segment: 1})       // every byte arrives alone
//	n.Out(fault.Link{Blackhole: true})   // the server hears nothing, and nobody is told
//	n.Reset()                            // connection reset by peer
//
// Wrapped pipes work in a bubble of [testing/synctest], where an hour of delay
// takes no time.
//
// What is deliberately left out: a faulty clock, for synctest has one; and
// corrupt bytes, which checks can write themselves.
package fault
