package main

import (
	"bufio"
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hone-go/hone/internal/catalog"
	"github.com/hone-go/hone/internal/start"
	"github.com/hone-go/hone/internal/term"
)

// skeletons are small labs that pass every gate, one of each kind. Between << and
// >> stands what differs from lab to lab.
//
//go:embed skeleton
var skeletons embed.FS

var (
	newLabID  = regexp.MustCompile(`^[a-z][a-z0-9]*/[a-z][a-z0-9]*$`)
	kindWords = []string{string(catalog.See), string(catalog.Write), string(catalog.Build), string(catalog.Hunt)}
)

func (a *app) labNewCmd() *cobra.Command {
	var kind, dir, topic string
	cmd := &cobra.Command{
		Use:   "new TRACK/NAME --kind KIND",
		Short: "Begin a lab: a small one that passes every gate",
		Long: `Write a small lab that is complete and passes every gate, to be turned into the one
that you have in mind. Kinds:

  see     predict what Go does, look, then rewrite until a claim holds
  write   behaviour plus budgets
  build   a system in stages, judged as a process
  hunt    the start is broken: name the cause, repair it

It goes into labs/ of the checkout that you are in. Nothing is overwritten.`,
		Example: "  hone lab new structures/ring --kind write\n  hone lab new network/echo --kind build --labs ../mylabs",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if !newLabID.MatchString(args[0]) {
				return mistake(fmt.Sprintf("%q is no lab id: a track and a name, each one lower-case word", args[0]), "for example: hone lab new structures/ring --kind write")
			}
			labs, err := a.labsDir(dir)
			if err != nil {
				return err
			}
			return a.labNew(labs, args[0], kind, topic)
		},
	}
	cmd.Flags().StringVar(&kind, "kind", "", strings.Join(kindWords, ", "))
	cmd.Flags().StringVar(&topic, "topic", "", "id of the syllabus that it covers (default: the first there is)")
	cmd.Flags().StringVar(&dir, "labs", "", "directory with the labs (default: labs/ of this checkout)")
	must(cmd.MarkFlagRequired("kind"))
	must(cmd.RegisterFlagCompletionFunc("kind", cobra.FixedCompletions(kindWords, cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

// labsDir is the directory that a new lab goes into.
func (a *app) labsDir(flag string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	if root := checkout(); root != "" {
		return filepath.Join(root, "labs"), nil
	}
	return "", mistake("this is no checkout of hone, so there is no labs/ to put a lab into", "go into one, or name a directory with --labs DIR")
}

func (a *app) labNew(labs, id, kind, topic string) error {
	if topic == "" {
		topic = a.firstTopic()
	}
	track, name := path.Split(id)
	files, err := skeleton(kind, strings.NewReplacer("<<track>>", strings.TrimSuffix(track, "/"), "<<name>>", name, "<<topic>>", topic))
	if err != nil {
		return err
	}
	dir := filepath.Join(labs, filepath.FromSlash(id))
	if _, err := os.Lstat(dir); err == nil {
		return mistake(dir+" exists; nothing was changed", "choose another name")
	}
	if err := create(dir, files); err != nil {
		return err
	}
	a.print("%s: %d files in %s\n", a.out.Paint(id, term.Bold), len(files), quote(dir))
	check := "hone lab check --quick " + id
	if root := checkout(); root == "" || filepath.Join(root, "labs") != labs {
		check += " --labs " + quote(labs)
	}
	a.next(step(check, "it is green now; keep it so"))
	return nil
}

// skeleton returns the files of a new lab of a kind.
func skeleton(kind string, names *strings.Replacer) (start.Files, error) {
	root := "skeleton/" + kind
	files := start.Files{}
	err := fs.WalkDir(skeletons, root, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(skeletons, file)
		if err != nil {
			return err
		}
		name := strings.TrimSuffix(strings.TrimPrefix(file, root+"/"), ".tmpl")
		if name == "name.go" {
			name = "<<name>>.go"
		}
		files[names.Replace(name)] = []byte(names.Replace(string(text)))
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, mistake(fmt.Sprintf("there is no kind %q", kind), "kinds: "+strings.Join(kindWords, ", "))
	}
	return files, err
}

// firstTopic is any topic of the syllabus: the author will know the right one.
func (a *app) firstTopic() string {
	data, err := fs.ReadFile(a.source, "labs/syllabus.tsv")
	if err != nil {
		return ""
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		if f := strings.Split(lines.Text(), "\t"); len(f) == 3 && f[0] != "id" && f[1] != "SECTION" {
			return f[0]
		}
	}
	return ""
}
