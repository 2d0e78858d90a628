package main

import (
	"os"
	"strings"
	"testing"
)

const song = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\n"

// lesson is song with what a later part adds.
const lesson = "one\ntwo\nthree\nfour\nfive\nsix\nnew\nseven\neight\n"

func TestCarryIntoIdenticalFile(t *testing.T) {
	f := newFake(t, one+"/a.go", song, two+"/a.go", song, one+"/b.go", "b\n", two+"/b.go", "b\n")
	f.carry("nothing to carry")
	fixed := strings.Replace(song, "two", "2", 1)
	f.write(one+"/a.go", fixed)
	f.carry(two + "/a.go: carried")
	f.want(two+"/a.go", fixed)
}

func TestCarryIntoFuzzCorpus(t *testing.T) {
	f := newFake(t, one+"/a.go", song, two+"/a.go", song)
	f.write(one+"/testdata/fuzz/FuzzA/0123", "go test fuzz v1\n")
	f.carry(two + "/testdata/fuzz/FuzzA/0123: copied")
	f.want(two+"/testdata/fuzz/FuzzA/0123", "go test fuzz v1\n")
	f.commit()
	f.remove(one + "/testdata/fuzz/FuzzA/0123")
	f.carry(two + "/testdata/fuzz/FuzzA/0123: deleted")
	if _, err := os.Stat(f.path(two + "/testdata")); err == nil {
		t.Error("empty directories are left")
	}
}

// The exercises of a part are its own: nothing is carried, not even into a part that has such a file, and nothing counted.
func TestExercisesStay(t *testing.T) {
	f := newFake(t, one+"/a.go", song, two+"/a.go", song, two+"/exercise_test.go", "two's\n", three+"/a.go", song)
	f.write(one+"/exercise_test.go", "one's\n")
	f.carry("nothing to carry")
	f.commit()
	f.run(statusOK, "update")
	f.replace(one+"/exercise_test.go", "one's", "1's")
	f.carry("nothing to carry")
	f.remove(two + "/exercise_test.go")
	f.carry("nothing to carry")
	f.want(two+"/exercise_test.go", "")
	f.want(three+"/exercise_test.go", "")
	if text := f.read(changesFile); strings.Contains(text, "exercise") {
		t.Errorf("exercises are counted:\n%s", text)
	}
}

// The change is merged in beside the later part's own line, even if only one line is between the two.
func TestMergeBesideLesson(t *testing.T) {
	for _, line := range []string{"one", "two", "five", "eight"} {
		f := newFake(t, one+"/a.go", song, two+"/a.go", lesson)
		f.replace(one+"/a.go", line+"\n", line+"!\n")
		f.carry(two + "/a.go: merged")
		f.want(two+"/a.go", strings.Replace(lesson, line+"\n", line+"!\n", 1))
	}
}

// The same change made by hand in both parts is no conflict.
func TestSameChangeInBoth(t *testing.T) {
	f := newFake(t, one+"/a.go", song, two+"/a.go", lesson)
	f.replace(one+"/a.go", "two", "2")
	f.replace(two+"/a.go", "two", "2")
	f.carry("nothing to carry")
}

// The later part has its own line in the working tree only.
func TestUncommittedLesson(t *testing.T) {
	f := newFake(t, one+"/a.go", song, two+"/a.go", song)
	f.write(two+"/a.go", lesson)
	f.carry("nothing to carry")
	f.replace(one+"/a.go", "two", "2")
	f.carry(two + "/a.go: merged")
	f.want(two+"/a.go", strings.Replace(lesson, "two", "2", 1))
}

// A change may be corrected after it was carried, any number of times, and taken back.
func TestCarryAgain(t *testing.T) {
	f := newFake(t, one+"/a.go", song, two+"/a.go", lesson, three+"/a.go", lesson)
	f.write(one+"/new.go", "n\n")
	f.run(statusOK, "carry")
	for _, text := range []string{"2", "two and a half", "2\n2.5", "two"} {
		f.write(one+"/a.go", strings.Replace(song, "two", text, 1))
		f.write(one+"/new.go", "n "+text+"\n")
		f.run(statusOK, "carry")
		f.want(two+"/a.go", strings.Replace(lesson, "two", text, 1))
		f.want(three+"/a.go", strings.Replace(lesson, "two", text, 1))
		f.want(three+"/new.go", "n "+text+"\n")
		f.idle()
	}
	f.remove(one + "/new.go")
	f.run(statusOK, "carry")
	f.want(two+"/new.go", "")
	f.want(three+"/new.go", "")
	f.idle()
}

// What was carried and then thrown away is carried again.
func TestCarryAfterCheckout(t *testing.T) {
	f := newFake(t, one+"/a.go", song, two+"/a.go", lesson)
	f.replace(one+"/a.go", "two", "2")
	f.run(statusOK, "carry")
	f.git("checkout", "-q", "--", two)
	f.run(statusOK, "carry")
	f.want(two+"/a.go", strings.Replace(lesson, "two", "2", 1))
}

// After a commit, what was carried before is forgotten.
func TestCarryAfterCommit(t *testing.T) {
	f := newFake(t, one+"/a.go", song, two+"/a.go", lesson)
	f.replace(one+"/a.go", "two", "2")
	f.run(statusOK, "carry")
	f.commit()
	f.carry("nothing to carry")
	f.replace(one+"/a.go", "2", "II")
	f.carry(two + "/a.go: merged")
	f.want(two+"/a.go", strings.Replace(lesson, "two", "II", 1))
}

// What was carried on top of another commit does not count.
func TestCarryOnAnotherCommit(t *testing.T) {
	f := newFake(t, one+"/a.go", song, two+"/a.go", song)
	first := strings.Replace(song, "two", "2", 1)
	f.write(one+"/a.go", first)
	f.run(statusOK, "carry")
	f.write(one+"/a.go", strings.Replace(song, "two", "II", 1))
	f.write(two+"/a.go", strings.Replace(song, "two", "II", 1))
	f.commit()
	f.write(one+"/a.go", first)
	f.replace(two+"/a.go", "eight", "8")
	f.run(statusOK, "carry")
	f.want(two+"/a.go", strings.Replace(first, "eight", "8", 1))
}

func TestConflict(t *testing.T) {
	f := newFake(t, one+"/a.go", song, two+"/a.go", lesson, three+"/a.go", lesson, "part4-four/a.go", lesson)
	f.replace(one+"/a.go", "seven", "7")
	f.replace(three+"/a.go", "one", "1")
	f.replace(two+"/a.go", "seven", "VII")
	f.write(one+"/b.go", "b\n")
	would := f.run(statusFailed, "carry", "-n")
	wantLine(t, would, two+"/a.go: CONFLICT")
	out := f.run(statusFailed, "carry")
	wantLine(t, out, two+"/a.go: CONFLICT", "<<<<<<<")
	wantLine(t, out, three+"/a.go: waits", two+"/a.go")
	wantLine(t, out, "part4-four/a.go: waits", three+"/a.go")
	wantLine(t, out, "parts: conflicts: 1")
	marked := f.read(two + "/a.go")
	wantLine(t, marked, "<<<<<<< "+two+"/a.go")
	wantLine(t, marked, ">>>>>>> "+one+"/a.go")
	f.want(three+"/a.go", strings.Replace(lesson, "one", "1", 1))
	f.want("part4-four/b.go", "b\n") // the other files are not held up

	before := f.snapshot()
	wantLine(t, f.run(statusFailed, "carry"), two+"/a.go:7", "conflict markers are left")
	wantLine(t, f.run(statusFailed, "check"), two+"/a.go:7", "conflict marker is left")
	if f.snapshot() != before {
		t.Error("carry did something although markers are left")
	}

	resolved := strings.Replace(lesson, "seven", "7 (VII)", 1)
	f.write(two+"/a.go", resolved)
	if got := f.run(statusOK, "carry"); got != three+"/a.go: merged\npart4-four/a.go: carried\n" {
		t.Errorf("after the conflict is resolved: %s", got)
	}
	f.want("part4-four/a.go", strings.Replace(resolved, "one", "1", 1))
	f.idle()
}

// A conflict may be resolved by leaving the later part as it was.
func TestConflictResolvedWithOurs(t *testing.T) {
	f := newFake(t, one+"/a.go", song, two+"/a.go", strings.Replace(song, "seven", "VII", 1))
	f.replace(one+"/a.go", "seven", "7")
	f.run(statusFailed, "carry")
	f.git("checkout", "-q", "--", two)
	f.idle()
	f.replace(one+"/a.go", "one", "1")
	f.run(statusOK, "carry")
	f.want(two+"/a.go", "1\ntwo\nthree\nfour\nfive\nsix\nVII\neight\n")
	f.idle()
}

func TestNewFiles(t *testing.T) {
	f := newFake(t, one+"/a.go", song, two+"/a.go", song)
	f.write(one+"/new.go", "new\n")
	f.write(one+"/both.go", "same\n")
	f.write(two+"/both.go", "same\n")
	f.carry(two + "/new.go: copied")
	f.want(two+"/new.go", "new\n")
	f.write(one+"/clash.go", "theirs\n")
	f.write(two+"/clash.go", "ours\n")
	wantLine(t, f.run(statusFailed, "carry"), two+"/clash.go: CONFLICT")
	f.want(two+"/clash.go", "<<<<<<< "+two+"/clash.go\nours\n=======\ntheirs\n>>>>>>> "+one+"/clash.go\n")
}

func TestDeletedFiles(t *testing.T) {
	f := newFake(t, one+"/a.go", song, one+"/b.go", song, one+"/c.go", song, two+"/a.go", song, two+"/b.go", lesson, two+"/c.go", song)
	f.remove(one + "/a.go")
	f.carry(two + "/a.go: deleted")
	f.want(two+"/a.go", "")
	f.remove(one + "/b.go")
	for range 2 {
		wantLine(t, f.run(statusFailed, "carry"), two+"/b.go: CONFLICT", "delete it, too")
		f.want(two+"/b.go", lesson)
	}
	f.remove(two + "/b.go")
	f.idle()
}

func TestRenamedFile(t *testing.T) {
	f := newFake(t, one+"/a.go", song, two+"/a.go", song, three+"/a.go", song)
	f.write(one+"/z.go", f.read(one+"/a.go"))
	f.remove(one + "/a.go")
	f.carry(two+"/a.go: deleted", two+"/z.go: copied", three+"/a.go: deleted", three+"/z.go: copied")
	f.want(three+"/a.go", "")
	f.want(three+"/z.go", song)
}

// What a later part does not have on purpose does not come back.
func TestAbsentOnPurpose(t *testing.T) {
	f := newFake(t, one+"/a.go", song, one+"/gap_test.go", song, two+"/a.go", song)
	f.carry("nothing to carry")
	f.replace(one+"/gap_test.go", "one", "1")
	out := f.run(statusOK, "carry")
	wantLine(t, out, two+"/gap_test.go: left out", one+"/gap_test.go has changed")
	f.want(two+"/gap_test.go", "")
	f.idle()
}

func TestChain(t *testing.T) {
	f := newFake(t, one+"/a.go", song, two+"/a.go", lesson, three+"/a.go", lesson,
		two+"/b.go", song, three+"/b.go", "zero\n"+song)
	f.replace(one+"/a.go", "two", "2")
	f.replace(two+"/b.go", "five", "5")
	before := f.snapshot()
	report := []string{two + "/a.go: merged", three + "/a.go: carried", three + "/b.go: merged"}
	if got := f.run(statusOK, "carry", "-n"); got != strings.Join(report, "\n")+"\n" {
		t.Errorf("carry -n reports\n%s", got)
	}
	if f.snapshot() != before {
		t.Error("carry -n did something")
	}
	f.carry(report...)
	f.want(three+"/a.go", strings.Replace(lesson, "two", "2", 1))
	f.want(three+"/b.go", "zero\n"+strings.Replace(song, "five", "5", 1))
}

// Parts that were never committed are carried to all the same, and through.
func TestPartsNotCommitted(t *testing.T) {
	f := newFake(t, one+"/a.go", song, one+"/b.go", song)
	lesson3 := lesson + "nine\n"
	f.write(two+"/a.go", song)
	f.write(two+"/b.go", lesson)
	f.write(three+"/a.go", song)
	f.write(three+"/b.go", lesson3)
	f.carry("nothing to carry")
	f.replace(one+"/a.go", "two", "2")
	f.replace(one+"/b.go", "two", "2")
	f.write(one+"/c.go", "c\n")
	f.write(two+"/d.go", "d\n")
	f.carry(two+"/a.go: carried", two+"/b.go: merged", two+"/c.go: copied",
		three+"/a.go: carried", three+"/b.go: merged", three+"/c.go: copied", three+"/d.go: copied")
	f.want(two+"/b.go", strings.Replace(lesson, "two", "2", 1))
	f.want(three+"/b.go", strings.Replace(lesson3, "two", "2", 1))
	f.run(statusOK, "carry") // the last one had no memory
	f.replace(two+"/b.go", "new", "newer")
	f.run(statusOK, "carry")
	f.want(three+"/b.go", strings.NewReplacer("two", "2", "new", "newer").Replace(lesson3))
	f.idle()
}

func TestNoCommitAtAll(t *testing.T) {
	f := &fake{t, t.TempDir()}
	f.git("init", "-q")
	f.write("go.mod", "module "+moduleName+"\n")
	f.write(one+"/a.go", song)
	f.write(two+"/b.go", song)
	f.carry(two + "/a.go: copied")
}

func TestModesAndBinaries(t *testing.T) {
	f := newFake(t, one+"/run.sh", song, two+"/run.sh", lesson, one+"/x.bin", "\x00a", two+"/x.bin", "\x00a")
	if err := os.Chmod(f.path(one+"/run.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	f.write(one+"/x.bin", "\x00b")
	f.carry(two+"/run.sh: merged", two+"/x.bin: carried")
	if info, err := os.Stat(f.path(two + "/run.sh")); err != nil || info.Mode()&0o111 != 0o111 {
		t.Errorf("%v %v: not executable", info, err)
	}
	f.want(two+"/run.sh", lesson)
	f.want(two+"/x.bin", "\x00b")
	f.write(one+"/x.bin", "\x00c")
	f.write(two+"/x.bin", "\x00d")
	for range 2 {
		wantLine(t, f.run(statusFailed, "carry"), two+"/x.bin: CONFLICT", "binary")
		f.want(two+"/x.bin", "\x00d")
	}
}

func TestSymbolicLink(t *testing.T) {
	f := newFake(t, one+"/a.go", song, two+"/a.go", song)
	if err := os.Symlink("a.go", f.path(one+"/b.go")); err != nil {
		t.Fatal(err)
	}
	wantLine(t, f.run(statusFailed, "carry"), one+"/b.go is not a regular file")
}
