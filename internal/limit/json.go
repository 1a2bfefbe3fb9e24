package limit

// CheckJSON holds a JSON text against a bound of its nesting and one of the number of its
// values, keys included, in one pass and without decoding it: memory and time of decoders grow
// with both. Text that is no JSON may pass; the decoder refuses it.
func CheckJSON(text []byte, depth, values Bound) error {
	level, count := 0, 1
	quoted, escaped := false, false
	for _, c := range text {
		switch {
		case quoted:
			quoted = escaped || c != '"'
			escaped = c == '\\' && !escaped
		case c == '"':
			quoted = true
		case c == '[' || c == '{':
			if level++; level > depth.Most {
				return depth.Exceeded()
			}
			count++
		case c == ']' || c == '}':
			level--
		case c == ',' || c == ':':
			if count++; count > values.Most {
				return values.Exceeded()
			}
		}
	}
	return nil
}
