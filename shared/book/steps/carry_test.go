package steps

import (
	"bytes"
	"strings"
	"testing"

	"framebyframe/shared/book/desk"
)

// The parts of the small checkouts.
const (
	one   = "part1-one"
	two   = "part2-two"
	three = "part3-three"
)

const song = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\n"

// lesson is song with what a later part adds.
const lesson = "one\ntwo\nthree\nfour\nfive\nsix\nnew\nseven\neight\n"

// carry carries, and checks what it says; a wrong end is told by an error that contains fails.
func carry(d *desk.Desk, pretend bool, fails string, says ...string) {
	d.Helper()
	var out bytes.Buffer
	err := Carry(d.Tree(), pretend, &out)
	if (err == nil) != (fails == "") || err != nil && !strings.Contains(err.Error(), fails) {
		d.Errorf("error %v, want %q", err, fails)
	}
	if got, want := out.String(), strings.Join(append(says, ""), "\n"); got != want {
		d.Errorf("it says\n%swant\n%s", got, want)
	}
	if err == nil && !pretend { // a second time, there is nothing to do
		if err := Carry(d.Tree(), false, &out); err != nil || out.Len() > len(strings.Join(append(says, ""), "\n")) {
			d.Errorf("again: %v, %s", err, &out)
		}
	}
}

// A change goes into files that are the same, is merged beside the later part's own line, and goes on from there.
func TestCarry(t *testing.T) {
	d := desk.Committed(t, one+"/stack/a.go", song, two+"/stack/a.go", lesson, three+"/stack/a.go", lesson, one+"/b.go", "b\n", two+"/b.go", "b\n",
		two+"/c.go", song, three+"/c.go", "zero\n"+song, one+"/x.bin", "\x00a", two+"/x.bin", "\x00a")
	carry(d, false, "")
	d.Replace(one+"/stack/a.go", "two", "2")
	d.Replace(one+"/b.go", "b", "B")
	d.Replace(two+"/c.go", "five", "5")
	d.Write(one+"/x.bin", "\x00b")
	d.Write(one+"/new.go", "n\n")
	d.Write(one+"/testdata/fuzz/FuzzA/0123", "go test fuzz v1\n")
	report := []string{two + "/b.go: carried", two + "/new.go: copied", two + "/stack/a.go: merged", two + "/testdata/fuzz/FuzzA/0123: copied", two + "/x.bin: carried",
		three + "/b.go: left out: this part has no such file", three + "/c.go: merged", three + "/new.go: copied", three + "/stack/a.go: carried",
		three + "/testdata/fuzz/FuzzA/0123: copied", three + "/x.bin: left out: this part has no such file"}
	carry(d, true, "", report...)
	d.Want(two+"/b.go", "b\n")
	carry(d, false, "", report...)
	d.Want(two+"/stack/a.go", strings.Replace(lesson, "two", "2", 1))
	d.Want(three+"/stack/a.go", strings.Replace(lesson, "two", "2", 1))
	d.Want(three+"/c.go", "zero\n"+strings.Replace(song, "five", "5", 1))
	d.Want(two+"/x.bin", "\x00b")
	d.Want(three+"/new.go", "n\n")
	d.Commit()
	d.Remove(one + "/new.go")
	carry(d, false, "", two+"/new.go: deleted", three+"/new.go: deleted")
	d.Want(three+"/new.go", "")
}

// A change may be corrected after it was carried, any number of times, and taken back; what was carried and then thrown
// away is carried again; and after a commit all begins anew.
func TestCarryAgain(t *testing.T) {
	d := desk.Committed(t, one+"/a.go", song, two+"/a.go", lesson, three+"/a.go", lesson)
	for _, text := range []string{"2", "two and a half", "2\n2.5", "two"} {
		d.Write(one+"/a.go", strings.Replace(song, "two", text, 1))
		carry(d, false, "", two+"/a.go: merged", three+"/a.go: carried")
		d.Want(three+"/a.go", strings.Replace(lesson, "two", text, 1))
	}
	d.Replace(one+"/a.go", "two", "2")
	carry(d, false, "", two+"/a.go: merged", three+"/a.go: carried")
	d.Git("checkout", "-q", "--", two, three)
	carry(d, false, "", two+"/a.go: merged", three+"/a.go: carried")
	d.Commit()
	carry(d, false, "")
	d.Replace(one+"/a.go", "2", "II")
	d.Replace(two+"/a.go", "2", "II") // the same change by hand
	carry(d, false, "", three+"/a.go: carried")
	d.Want(three+"/a.go", strings.Replace(lesson, "two", "II", 1))
}

// What is one part's alone is not carried, and a test only where it stands already.
func TestNotCarried(t *testing.T) {
	d := desk.Committed(t, one+"/a.go", song, one+"/stack/b_test.go", song, two+"/a.go", song, two+"/exercise_test.go", "two's\n", two+"/stack/c_test.go", "c\n", one+"/stack/c_test.go", "c\n")
	d.Write(one+"/exercise_test.go", "one's\n")
	d.Write(one+"/stack/new_test.go", "new\n")
	d.Replace(one+"/stack/b_test.go", "two", "2")
	d.Replace(one+"/stack/c_test.go", "c", "C")
	carry(d, false, "", two+"/stack/c_test.go: carried")
	d.Want(two+"/exercise_test.go", "two's\n")
	d.Want(two+"/stack/new_test.go", "")
}

// A conflict leaves marks, and the later parts wait for its resolution, also for one that takes nothing of the change.
func TestConflict(t *testing.T) {
	d := desk.Committed(t, one+"/a.go", song, two+"/a.go", lesson, three+"/a.go", lesson)
	d.Replace(one+"/a.go", "seven", "7")
	d.Replace(two+"/a.go", "seven", "VII")
	d.Write(one+"/b.go", "b\n")
	carry(d, true, "conflicts in part2-two: 1", two+"/a.go: CONFLICT", two+"/b.go: copied")
	carry(d, false, "conflicts in part2-two: 1", two+"/a.go: CONFLICT: both parts changed the same lines: look for <<<<<<<", two+"/b.go: copied")
	marked := d.Read(two + "/a.go")
	if !strings.Contains(marked, "<<<<<<< ") || !strings.Contains(marked, "VII") || !strings.Contains(marked, "7") {
		t.Errorf("no marks in\n%s", marked)
	}
	carry(d, false, two+"/a.go: a conflict marker is left")
	if failures, _, err := Check(d.Tree()); err != nil || !strings.Contains(strings.Join(failures, "\n"), two+"/a.go: a conflict marker is left") {
		t.Errorf("check: %q, %v", failures, err)
	}
	d.Write(two+"/a.go", strings.Replace(lesson, "seven", "7 (VII)", 1))
	carry(d, false, "", three+"/a.go: carried", three+"/b.go: copied")
	d.Want(three+"/a.go", strings.Replace(lesson, "seven", "7 (VII)", 1))
}

// Files that are new in both parts, that are deleted here and changed there, and binary ones.
func TestOtherConflicts(t *testing.T) {
	d := desk.Committed(t, one+"/a.go", song, two+"/a.go", lesson, one+"/x.bin", "\x00a", two+"/x.bin", "\x00b")
	d.Remove(one + "/a.go")
	carry(d, false, "conflicts", two+"/a.go: CONFLICT: it is deleted in the part before, but this one has changes of its own: delete it, too, or bring the other back")
	d.Want(two+"/a.go", lesson)
	d.Git("checkout", "-q", "--", one)
	d.Commit()
	d.Write(one+"/clash.go", "theirs\n")
	d.Write(two+"/clash.go", "ours\n")
	carry(d, false, "conflicts", two+"/clash.go: CONFLICT: both parts changed the same lines: look for <<<<<<<")
	if text := d.Read(two + "/clash.go"); !strings.Contains(text, "ours\n=======\ntheirs\n") {
		t.Errorf("%s", text)
	}
	d.Remove(one + "/clash.go")
	d.Remove(two + "/clash.go")
	d.Write(one+"/x.bin", "\x00c")
	carry(d, false, "conflicts", two+"/x.bin: CONFLICT: both parts changed the same lines: look for <<<<<<<")
	d.Want(two+"/x.bin", "\x00b")
}
