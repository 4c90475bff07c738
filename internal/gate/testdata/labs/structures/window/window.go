// Package window slides.
package window

// Max returns, for each of values, the largest of it and the n-1 values before it.
//
//hone:stage max
func Max(values []int, n int) []int {
	largest := make([]int, 0, len(values))
	queue := make([]int, 0, len(values))
	head := 0
	for i, v := range values {
		for len(queue) > head && values[queue[len(queue)-1]] <= v {
			queue = queue[:len(queue)-1]
		}
		queue = append(queue, i)
		if queue[head] <= i-n {
			head++
		}
		largest = append(largest, values[queue[head]])
	}
	return largest
}
