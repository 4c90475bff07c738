package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/hone-go/hone/internal/start"
)

func (a *app) resetCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "reset [DIR]",
		Short: "Begin again in a directory, with a backup of what is in it",
		Long: `Put a directory back to the starter. Everything in it is copied to a directory
beside it first. Your own notes and tests stay; Go files that the lab doesn't have
are removed, since they are in the backup. Progress is not touched.`,
		Example:           "  hone reset\n  hone reset d",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeDir,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := a.here(args)
			if err != nil {
				return err
			}
			j, err := a.bench(cmd.Context())
			if err != nil {
				return err
			}
			files, err := j.Workspace(p.lab)
			if err != nil {
				return err
			}
			backup, err := backUp(p.dir, time.Now())
			if err != nil {
				return err
			}
			name := filepath.Base(p.dir)
			if abs, err := filepath.Abs(p.dir); err == nil {
				name = filepath.Base(abs)
			}
			a.print("What was in %s is now also in %s\n", quote(name), quote(backup))
			if err := restore(p, files); err != nil {
				return fmt.Errorf("reset %s (the backup is in %s): %w", p.dir, backup, err)
			}
			a.print("%s is the starter of %s again.\n", quote(name), p.lab.ID)
			a.next(step("hone watch"+p.arg(), "judges every save"))
			return nil
		},
	}
	return cmd
}

// backUp copies dir to a new directory beside it and returns its name. Version
// control's own files are left out: it has its own way back.
func backUp(dir string, now time.Time) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	to := abs + ".backup-" + now.Format("2006-01-02T150405")
	if err := os.Mkdir(to, 0o755); err != nil {
		return "", fmt.Errorf("back up %s, nothing was changed: %w", dir, err)
	}
	if err := copyTree(abs, to); err != nil {
		return "", fmt.Errorf("back up %s to %s, nothing was changed: %w", dir, to, err)
	}
	return to, nil
}

func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil || name == "." {
			return err
		}
		dest := filepath.Join(to, name)
		switch {
		case d.IsDir() && (d.Name() == ".git" || d.Name() == ".jj" || d.Name() == ".hg"):
			return fs.SkipDir
		case d.IsDir():
			return os.Mkdir(dest, 0o755)
		case d.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			if err != nil {
				return err
			}
			return os.Symlink(target, dest)
		case !d.Type().IsRegular():
			return nil // a socket or a pipe holds nothing
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return writeNew(dest, data)
	})
}

// restore makes the lab's files in a directory what they were at the start, and
// removes Go files that the lab doesn't have.
func restore(p *place, files start.Files) error {
	for name := range p.files {
		if _, ours := files[name]; ours {
			continue
		}
		err := os.Remove(filepath.Join(p.dir, filepath.FromSlash(name)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(p.dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := replace(path, files[name]); err != nil {
			return err
		}
	}
	return nil
}

// replace writes a file aside and renames it into place, so that no moment shows
// half of it, and a link is replaced and not followed.
func replace(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".hone-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
