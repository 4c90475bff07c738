package trace

import (
	"encoding/json"
	"math/bits"
)

// A Distribution is how long things took: how many, how long in all, the longest, and any
// quantile to within 3 %. The zero Distribution is empty.
type Distribution struct {
	Count   int64
	Sum     Time
	Max     Time
	buckets []int64
}

// The first 32 buckets are a nanosecond wide; after them, each doubling of the time has 32
// of equal width, as in an HDR histogram.
const (
	fineBits = 5
	fine     = 1 << fineBits
)

func bucketOf(t Time) int {
	if t < fine {
		return int(max(t, 0))
	}
	e := bits.Len64(uint64(t)) - 1 - fineBits
	return fine + e*fine + int(uint64(t)>>e) - fine
}

// upper is the longest time in a bucket.
func upper(bucket int) Time {
	if bucket < fine {
		return Time(bucket)
	}
	e := (bucket - fine) / fine
	return (Time((bucket-fine)%fine+fine+1))<<e - 1
}

// Add counts one more.
func (d *Distribution) Add(t Time) {
	d.Count++
	d.Sum += t
	d.Max = max(d.Max, t)
	i := bucketOf(t)
	if i >= len(d.buckets) {
		d.buckets = append(d.buckets, make([]int64, i+1-len(d.buckets))...)
	}
	d.buckets[i]++
}

// Join adds all of another one.
func (d *Distribution) Join(o *Distribution) {
	d.Count += o.Count
	d.Sum += o.Sum
	d.Max = max(d.Max, o.Max)
	if n := len(o.buckets); n > len(d.buckets) {
		d.buckets = append(d.buckets, make([]int64, n-len(d.buckets))...)
	}
	for i, n := range o.buckets {
		d.buckets[i] += n
	}
}

// Quantile is a time that a share q of all, from 0 to 1, did not exceed; 0 where there are
// none.
func (d *Distribution) Quantile(q float64) Time {
	rank := int64(q * float64(d.Count))
	for i, n := range d.buckets {
		if rank -= n; rank < 0 {
			return min(upper(i), d.Max)
		}
	}
	return d.Max
}

// Mean is the average; 0 where there are none.
func (d *Distribution) Mean() Time {
	if d.Count == 0 {
		return 0
	}
	return d.Sum / Time(d.Count)
}

// MarshalJSON gives the figures that people ask for, in nanoseconds.
func (d Distribution) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Count int64 `json:"count"`
		Sum   Time  `json:"sum"`
		P50   Time  `json:"p50"`
		P90   Time  `json:"p90"`
		P99   Time  `json:"p99"`
		Max   Time  `json:"max"`
	}{d.Count, d.Sum, d.Quantile(0.5), d.Quantile(0.9), d.Quantile(0.99), d.Max})
}
