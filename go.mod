module github.com/hone-go/hone

go 1.26.0

// One importing package for each module; arch_test.go holds it.
require (
	charm.land/bubbletea/v2 v2.1.1 // internal/live: the watch and list screens
	charm.land/glamour/v2 v2.0.1 // internal/term: Markdown in a terminal
	github.com/anishathalye/porcupine v1.3.1 // claim/linear: the linearizability checker; no dependencies of its own
	github.com/charmbracelet/x/ansi v0.11.9 // internal/term: widths and wrapping of text with escapes
	github.com/fsnotify/fsnotify v1.10.1 // internal/live: to hear of a save at once
	github.com/pelletier/go-toml/v2 v2.4.3 // internal/catalog: front matter, strict and with positions
	github.com/pressly/goose/v3 v3.29.0 // internal/store: migrations
	github.com/rogpeppe/go-internal v1.16.0 // internal/report: unified diffs; tests: testscript
	github.com/spf13/cobra v1.10.2 // cmd/hone: commands, help, completion
	golang.org/x/sys v0.49.0 // internal/sandbox: Landlock, namespaces, rlimits
	golang.org/x/term v0.47.0 // internal/term: is this a terminal, and how wide
	golang.org/x/tools v0.52.0 // internal/start: which imports a file still uses; tests: txtar
	modernc.org/sqlite v1.62.0 // internal/store: SQLite without cgo
)

// Tests only.
require (
	github.com/google/go-cmp v0.7.0
	golang.org/x/exp v0.0.0-20261014143641-f0251eb4aa3e // the oracle of lens/trace
)

require (
	charm.land/lipgloss/v2 v2.0.4 // indirect
	github.com/alecthomas/chroma/v2 v2.14.0 // indirect
	github.com/aymerick/douceur v0.2.0 // indirect
	github.com/charmbracelet/colorprofile v0.4.3 // indirect
	github.com/charmbracelet/ultraviolet v0.0.0-20261008173134-6b8d4baf91b4 // indirect
	github.com/charmbracelet/x/exp/slice v0.0.0-20250327172914-2fdc97757edf // indirect
	github.com/charmbracelet/x/term v0.2.2 // indirect
	github.com/charmbracelet/x/termios v0.1.1 // indirect
	github.com/charmbracelet/x/windows v0.2.2 // indirect
	github.com/clipperhouse/displaywidth v0.11.0 // indirect
	github.com/clipperhouse/uax29/v2 v2.7.0 // indirect
	github.com/dlclark/regexp2 v1.11.0 // indirect
	github.com/dustin/go-humanize v1.1.0 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/gorilla/css v1.0.1 // indirect
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/lucasb-eyer/go-colorful v1.4.1 // indirect
	github.com/mattn/go-isatty v0.0.24 // indirect
	github.com/mattn/go-runewidth v0.0.30 // indirect
	github.com/mfridman/interpolate v0.0.2 // indirect
	github.com/microcosm-cc/bluemonday v1.0.27 // indirect
	github.com/muesli/cancelreader v0.2.2 // indirect
	github.com/ncruces/go-strftime v1.1.0 // indirect
	github.com/remyoudompheng/bigfft v0.0.0-20230129092748-24d4a6f8daec // indirect
	github.com/rivo/uniseg v0.4.7 // indirect
	github.com/sethvargo/go-retry v0.5.0 // indirect
	github.com/spf13/pflag v1.0.9 // indirect
	github.com/xo/terminfo v1.0.0 // indirect
	github.com/yuin/goldmark v1.7.8 // indirect
	github.com/yuin/goldmark-emoji v1.0.5 // indirect
	go.uber.org/multierr v1.11.0 // indirect
	golang.org/x/net v0.61.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	modernc.org/libc v1.80.1 // indirect
	modernc.org/mathutil v1.7.1 // indirect
	modernc.org/memory v1.12.1 // indirect
)
