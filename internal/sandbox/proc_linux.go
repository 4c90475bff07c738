package sandbox

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// maxTree is the most processes that are looked at.
const maxTree = 512

// tree returns the program's processes: itself, its children, theirs. A process
// whose parent died is process 1's child in a namespace, and is found; without
// one it has left the tree, and only its mark tells. The walk ends at most: a bomb
// forks faster than anybody can list it.
func (b *box) tree(most int) []int {
	pids := []int{b.pid}
	for i := 0; i < len(pids) && len(pids) < most; i++ {
		tasks, _ := filepath.Glob("/proc/" + strconv.Itoa(pids[i]) + "/task/*/children")
		for _, file := range tasks {
			data, _ := os.ReadFile(file)
			for _, field := range strings.Fields(string(data)) {
				if pid, err := strconv.Atoi(field); err == nil {
					pids = append(pids, pid)
				}
			}
		}
	}
	return pids
}

// usage sums the resident memory, in bytes, and counts the processes, up to one
// more than limit.
func (b *box) usage(limit int) (memory int64, processes int) {
	page := int64(os.Getpagesize())
	most := maxTree
	if limit > 0 {
		most = min(most, limit+1)
	}
	pids := b.tree(most)
	if len(pids) > limit && limit > 0 {
		return 0, len(pids)
	}
	for _, pid := range pids {
		data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
		if err != nil {
			continue
		}
		processes++
		if f := strings.Fields(string(data)); len(f) > 1 {
			pages, _ := strconv.ParseInt(f[1], 10, 64)
			memory += pages * page
		}
	}
	return memory, processes
}

// children describes the processes below the first.
func (b *box) children() []string {
	var out []string
	pids := b.tree(maxTree)[1:]
	if !b.namespace {
		for _, pid := range marked(b.mark) {
			if pid != b.pid {
				pids = append(pids, pid)
			}
		}
	}
	seen := map[int]bool{}
	for _, pid := range pids {
		data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
		if err != nil || seen[pid] || len(data) == 0 { // gone, or a zombie
			continue
		}
		seen[pid] = true
		out = append(out, strconv.Itoa(pid)+" "+string(bytes.TrimSpace(bytes.ReplaceAll(data, []byte{0}, []byte{' '}))))
	}
	return out
}

// marked returns every process with this entry in its environment, but this one.
func marked(entry string) []int {
	dirs, _ := os.ReadDir("/proc")
	var out []int
	for _, d := range dirs {
		pid, err := strconv.Atoi(d.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		environ, err := os.ReadFile("/proc/" + d.Name() + "/environ")
		if err == nil && bytes.Contains(append([]byte{0}, environ...), []byte("\x00"+entry+"\x00")) {
			out = append(out, pid)
		}
	}
	return out
}
