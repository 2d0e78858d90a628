package script

// parseCall reads NAME ARGS… [= RESULT].
func parseCall(s *scanner, blocks bool) (action, error) {
	s.skipSpace()
	start := s.pos
	c := call{blocks: blocks, name: s.word()}
	if !isName(c.name) {
		return nil, s.fail(start, "the name of a call is missing here")
	}
	for s.next() != 0 {
		if s.accept("=") {
			if s.next() == 0 {
				return nil, s.fail(s.pos, "= is followed by the result")
			}
			want, err := argument(s)
			c.want, c.wanted = want, true
			return makeCall{c}, err
		}
		arg, err := argument(s)
		if err != nil {
			return nil, err
		}
		c.args = append(c.args, arg)
	}
	return makeCall{c}, nil
}

// argument is a word or a text in quotes.
func argument(s *scanner) (string, error) {
	if s.next() == '"' {
		return s.quoted()
	}
	return s.word(), nil
}

// parseState reads ARGS… STATE: the call named state returns its last word.
func parseState(s *scanner) (action, error) {
	c := call{name: "state", wanted: true}
	for s.next() != 0 {
		c.args = append(c.args, s.word())
	}
	if len(c.args) == 0 {
		return nil, s.fail(s.pos, "state is followed by the state")
	}
	last := len(c.args) - 1
	c.want, c.args = c.args[last], c.args[:last]
	return makeCall{c}, nil
}

// parseDone reads NAME [= RESULT].
func parseDone(s *scanner) (action, error) {
	a, err := parseCall(s, false)
	if err != nil {
		return nil, err
	}
	c := a.(makeCall).call
	if len(c.args) > 0 {
		return nil, s.fail(s.pos, "done takes the name of a call and = RESULT")
	}
	return endCall{c}, nil
}
