package graph

import (
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
)

// checkShape refuses a parsed document that would be expensive to validate. The document need
// not be valid: fragments may be missing, there twice, or spread themselves.
func checkShape(document *ast.QueryDocument) *fault.Error {
	s := shape{fragments: map[string]*ast.FragmentDefinition{}, spreads: map[string]progress{}, written: map[string]bool{}}
	for _, f := range document.Fragments {
		if s.fragments[f.Name] == nil {
			s.fragments[f.Name] = f
		}
	}
	s.check(limit.GraphQLOperations, len(document.Operations))
	s.check(limit.GraphQLFragments, len(document.Fragments))
	for _, o := range document.Operations {
		s.check(limit.GraphQLVariables, len(o.VariableDefinitions))
		s.ofDirectives(o.Directives)
		for _, v := range o.VariableDefinitions {
			s.ofDirectives(v.Directives)
			s.ofValue(v.DefaultValue, 0)
		}
		s.ofSet(o.SelectionSet, 1)
	}
	for _, f := range document.Fragments {
		s.ofDirectives(f.Directives)
		s.ofSet(f.SelectionSet, 1)
	}
	for _, f := range document.Fragments {
		s.ofSpreads(f)
	}
	// What follows writes fragments out, which ends since none spreads itself.
	for _, o := range document.Operations {
		s.merge([]ast.SelectionSet{o.SelectionSet})
	}
	for _, f := range document.Fragments {
		if !s.written[f.Name] { // it is validated though nothing spreads it
			s.merge([]ast.SelectionSet{f.SelectionSet})
		}
	}
	return s.err
}

// shape looks at one document; the first bound that it exceeds is its error.
type shape struct {
	fragments  map[string]*ast.FragmentDefinition
	spreads    map[string]progress // how far ofSpreads is with each fragment
	written    map[string]bool     // the fragments that merge has written out
	directives int
	fields     int // with fragments written out
	equal      int
	err        *fault.Error
}

func (s *shape) check(b limit.Bound, n int) {
	if n > b.Most && s.err == nil {
		s.err = b.Exceeded()
	}
}

func (s *shape) ofDirectives(all ast.DirectiveList) {
	s.directives += len(all)
	s.check(limit.GraphQLDirectives, s.directives)
	for _, d := range all {
		s.ofArguments(d.Arguments)
	}
}

func (s *shape) ofArguments(all ast.ArgumentList) {
	for _, a := range all {
		s.ofValue(a.Value, 1)
	}
}

func (s *shape) ofValue(v *ast.Value, depth int) {
	if v == nil || s.err != nil {
		return
	}
	s.check(limit.GraphQLNesting, depth)
	for _, child := range v.Children {
		s.ofValue(child.Value, depth+1)
	}
}

// ofSet looks at a set as it is written, without following fragments.
func (s *shape) ofSet(set ast.SelectionSet, depth int) {
	s.check(limit.GraphQLSet, len(set))
	s.check(limit.GraphQLNesting, depth)
	for _, selection := range set {
		if s.err != nil {
			return
		}
		switch selection := selection.(type) {
		case *ast.Field:
			s.ofArguments(selection.Arguments)
			s.ofDirectives(selection.Directives)
			s.ofSet(selection.SelectionSet, depth+1)
		case *ast.InlineFragment:
			s.ofDirectives(selection.Directives)
			s.ofSet(selection.SelectionSet, depth+1)
		case *ast.FragmentSpread:
			s.ofDirectives(selection.Directives)
		}
	}
}

// progress is how far a fragment was followed.
type progress uint8

const (
	following progress = iota + 1
	followed
)

// ofSpreads refuses a fragment that spreads itself, by whatever way.
func (s *shape) ofSpreads(f *ast.FragmentDefinition) {
	if f == nil || s.err != nil || s.spreads[f.Name] == followed {
		return
	}
	if s.spreads[f.Name] == following {
		s.err = fault.New(fault.Malformed, "GraphQLValidation", "Cannot spread fragment %q within itself.", f.Name)
		return
	}
	s.spreads[f.Name] = following
	s.ofSpreadsIn(f.SelectionSet)
	s.spreads[f.Name] = followed
}

func (s *shape) ofSpreadsIn(set ast.SelectionSet) {
	for _, selection := range set {
		switch selection := selection.(type) {
		case *ast.Field:
			s.ofSpreadsIn(selection.SelectionSet)
		case *ast.InlineFragment:
			s.ofSpreadsIn(selection.SelectionSet)
		case *ast.FragmentSpread:
			s.ofSpreads(s.fragments[selection.Name])
		}
	}
}

// merge counts the fields of sets that the answer has in one place, and the pairs of them that
// have one response name, which the validation compares with each other, and so on below. It
// ends at the bounds.
func (s *shape) merge(sets []ast.SelectionSet) {
	if s.err != nil {
		return
	}
	below := map[string][]ast.SelectionSet{}
	count := map[string]int{}
	var collect func(ast.SelectionSet, int)
	collect = func(set ast.SelectionSet, depth int) {
		s.check(limit.GraphQLNesting, depth)
		for _, selection := range set {
			if s.fields++; s.err != nil {
				return
			}
			s.check(limit.GraphQLFields, s.fields)
			switch selection := selection.(type) {
			case *ast.Field:
				name := selection.Alias
				s.equal += count[name]
				s.check(limit.GraphQLEqual, s.equal)
				count[name]++
				if len(selection.SelectionSet) > 0 {
					below[name] = append(below[name], selection.SelectionSet)
				}
			case *ast.InlineFragment:
				collect(selection.SelectionSet, depth+1)
			case *ast.FragmentSpread:
				if f := s.fragments[selection.Name]; f != nil {
					s.written[f.Name] = true
					collect(f.SelectionSet, depth+1)
				}
			}
		}
	}
	for _, set := range sets {
		collect(set, 1)
	}
	for _, sets := range below {
		s.merge(sets)
	}
}
