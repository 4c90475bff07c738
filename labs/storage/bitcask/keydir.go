package bitcask

import (
	"hash/maphash"
)

// The keydir says where the newest entry of every key is. The paper keeps all
// keys in memory, and that memory is the price of one disk read per Get.
//
// It is an open-addressed table of fixed-size slots, linear probing, at most
// three quarters full, with the keys' bytes in 64 KiB chunks beside it. Two
// reasons against map[string]place: setting an existing key by []byte costs an
// allocation there (the conversion may have to be kept), and a map of ten million
// strings is ten million pointers for every cycle of the garbage collector. This
// table is one object without pointers; the collector skips it.
//
// Deletion shifts the following slots back (Knuth, volume 3, 6.4, algorithm R)
// instead of leaving gravestones, so probes stay short for ever. Growing copies
// all slots while writers and readers wait: 130 ms at a million keys, and that is
// the longest pause this store has; growing by parts would be the remedy.
//
//hone:hide log
type keydir struct {
	seed  maphash.Seed // never changes, and is read without a lock
	slots []slot       // power of two
	used  int

	chunks [][]byte // the keys' bytes; append-only between rebuilds
	dead   int      // bytes in chunks of keys that are gone

	live int64 // bytes of frames that the slots point to
}

// A slot is 32 bytes. hash is never 0 in a used slot. It is the whole hash, not
// a tag: a different key is read from its chunk once in 2⁶⁴, and growing needs
// no key at all.
//
//hone:hide log
type slot struct {
	hash uint64
	key  keyref
	place
}

// A place is where a frame is: DB.segs[seg], from off, size bytes with header.
//
//hone:hide log
type place struct {
	off  int64
	seg  uint32
	size uint32
}

// A keyref is a chunk's number, an offset in it and a length: 32, 16, 16 bits.
//
//hone:hide log
type keyref uint64

const chunkSize = 1 << 16 //hone:line log

//hone:hide log
func newKeydir() keydir {
	return keydir{seed: maphash.MakeSeed(), slots: make([]slot, 64)}
}

//hone:hide log
func (k *keydir) len() int { return k.used }

// hash is keyed by a random seed, so nobody can choose colliding keys.
//
//hone:hide log
func (k *keydir) hash(key []byte) uint64 {
	return maphash.Bytes(k.seed, key) | 1
}

//hone:hide log
func (k *keydir) key(r keyref) []byte {
	off, n := r>>16&0xffff, r&0xffff
	return k.chunks[r>>32][off : off+n]
}

// index returns the slot of key, or the empty slot where it would go. The low
// bit of a hash is always set and tells nothing, so the place comes from the
// bits above it.
//
//hone:hide log
func (k *keydir) index(hash uint64, key []byte) int {
	mask := len(k.slots) - 1
	for i := int(hash>>1) & mask; ; i = (i + 1) & mask {
		s := &k.slots[i]
		if s.hash == 0 || s.hash == hash && string(k.key(s.key)) == string(key) {
			return i
		}
	}
}

//hone:hide log
func (k *keydir) find(hash uint64, key []byte) (place, bool) {
	s := &k.slots[k.index(hash, key)]
	return s.place, s.hash != 0
}

// set points key to a new place.
//
//hone:hide log
func (k *keydir) set(hash uint64, key []byte, at place) {
	k.live += int64(at.size)
	s := &k.slots[k.index(hash, key)]
	if s.hash != 0 {
		k.live -= int64(s.size)
		s.place = at
		return
	}
	if k.used >= len(k.slots)/4*3 || 2*k.dead > len(k.chunks)*chunkSize {
		k.rebuild()
		s = &k.slots[k.index(hash, key)]
	}
	*s = slot{hash: hash, key: k.store(key), place: at}
	k.used++
}

// store copies a key behind the others.
//
//hone:hide log
func (k *keydir) store(key []byte) keyref {
	last := len(k.chunks) - 1
	if last < 0 || len(k.chunks[last])+len(key) > chunkSize {
		k.chunks = append(k.chunks, make([]byte, 0, chunkSize))
		last++
	}
	c := k.chunks[last]
	k.chunks[last] = append(c, key...)
	return keyref(last)<<32 | keyref(len(c))<<16 | keyref(len(key))
}

//hone:hide log
func (k *keydir) remove(hash uint64, key []byte) {
	i := k.index(hash, key)
	if k.slots[i].hash == 0 {
		return
	}
	k.live -= int64(k.slots[i].size)
	k.dead += len(key)
	k.used--
	// Close the gap: pull back every follower that may stand here, that is,
	// whose home is not in the (cyclic) interval from the gap to itself.
	mask := len(k.slots) - 1
	for j := (i + 1) & mask; k.slots[j].hash != 0; j = (j + 1) & mask {
		home := int(k.slots[j].hash>>1) & mask
		if (j-home)&mask >= (j-i)&mask {
			k.slots[i] = k.slots[j]
			i = j
		}
	}
	k.slots[i] = slot{}
}

// rebuild makes room: the table doubles if it is full, and dead keys go.
//
//hone:hide log
func (k *keydir) rebuild() {
	old := *k
	size := len(old.slots)
	if k.used >= size/2 {
		size *= 2
	}
	k.slots, k.chunks, k.dead = make([]slot, size), nil, 0
	mask := size - 1
	for _, s := range old.slots {
		if s.hash == 0 {
			continue
		}
		i := int(s.hash>>1) & mask
		for k.slots[i].hash != 0 {
			i = (i + 1) & mask
		}
		s.key = k.store(old.key(s.key))
		k.slots[i] = s
	}
}

// places returns where everything is, in no order.
//
//hone:hide log
func (k *keydir) places() []place {
	all := make([]place, 0, k.used)
	for i := range k.slots {
		if k.slots[i].hash != 0 {
			all = append(all, k.slots[i].place)
		}
	}
	return all
}

// at finds the slot that points to this place; nil when a newer entry, or a
// delete, has come since. No key is compared: a place is unique.
//
//hone:hide compact
func (k *keydir) at(hash uint64, at place) *slot {
	mask := len(k.slots) - 1
	for i := int(hash>>1) & mask; k.slots[i].hash != 0; i = (i + 1) & mask {
		if k.slots[i].hash == hash && k.slots[i].place == at {
			return &k.slots[i]
		}
	}
	return nil
}
