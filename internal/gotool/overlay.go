package gotool

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// WriteOverlay writes files to dir, and returns the list of them that -overlay takes
// ([Build.Overlay]). The keys are absolute paths; what is nil shall not exist.
func WriteOverlay(dir string, files map[string][]byte) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("write the overlay: %w", err)
	}
	replace := map[string]string{}
	// Sorted, so that the same files are written to the same places.
	for _, name := range slices.Sorted(maps.Keys(files)) {
		text := files[name]
		if text == nil {
			replace[name] = ""
			continue
		}
		// The name is kept for the compiler's messages, the number keeps two apart.
		to := filepath.Join(dir, fmt.Sprintf("%d", len(replace)), filepath.Base(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return "", fmt.Errorf("write the overlay: %w", err)
		}
		if err := os.WriteFile(to, text, 0o644); err != nil {
			return "", fmt.Errorf("write the overlay: %w", err)
		}
		replace[name] = to
	}
	data, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", fmt.Errorf("write the overlay: %w", err)
	}
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, data, 0o644); err != nil {
		return "", fmt.Errorf("write the overlay: %w", err)
	}
	return file, nil
}
