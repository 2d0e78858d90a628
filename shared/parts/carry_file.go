package main

import "errors"

// carryFile carries what changed in the file from, of one part, to the file to, of the next. There are three versions to
// look at: base, which both parts have in common, theirs, the earlier part's, and ours, the later part's, which may differ
// from base by the later part's lesson. nil stands for a file that is not there.
func (k *carrier) carryFile(from, to string) error {
	base, theirs, ours := k.base(from, to), k.work[from], k.work[to]
	switch {
	case same(base, theirs) && k.remembered(from, to):
		return nil
	case same(base, theirs), same(theirs, ours):
	case k.stuck[from]:
		k.stuck[to] = true
		k.add(to, "waits", "for the conflict in %s", from)
		return nil
	case theirs == nil && !same(ours, base):
		k.add(to, "CONFLICT", "%s is deleted, but this one has changes of its own: delete it, too, or bring the other back", from)
		return nil
	case theirs == nil:
		k.put(to, nil, "deleted")
	case ours == nil && base == nil:
		k.put(to, theirs, "copied")
	case ours == nil:
		k.add(to, "left out", "%s has changed, but this part has no such file", from)
	case same(ours, base):
		k.put(to, theirs, "carried")
	default:
		return k.merge(from, to, base, theirs, ours)
	}
	k.remember(from, to, false)
	return nil
}

func (k *carrier) put(name string, f *file, what string) {
	k.work[name] = f
	k.add(name, what, "")
}

// merge carries a change into a file that the later part has changed, too.
func (k *carrier) merge(from, to string, base, theirs, ours *file) error {
	if base == nil {
		base = &file{exec: ours.exec} // new in both parts: all that differs is a conflict
	}
	data, conflict, err := mergeFile(ours.data, base.data, theirs.data, to, from)
	if errors.Is(err, errBinary) {
		k.add(to, "CONFLICT", "both it and %s, a binary file, have changed: make one of them by hand and copy it", from)
		return nil
	}
	if err != nil {
		return err
	}
	merged := &file{data, ours.exec}
	if theirs.exec != base.exec {
		merged.exec = theirs.exec
	}
	k.work[to] = merged
	switch {
	case conflict:
		k.stuck[to] = true
		k.add(to, "CONFLICT", "both parts changed the same lines: look for <<<<<<<")
	case !same(merged, ours):
		k.add(to, "merged", "")
	}
	k.remember(from, to, conflict)
	return nil
}
