package model

// Edge is an object in a page of what a user has.
type Edge[T any] struct {
	Cursor string
	Node   *T
}

// Connection is a page of what a user has.
type Connection[T any] struct {
	Edges      []*Edge[T]
	PageInfo   PageInfo
	TotalCount int
}

// The connections of a user, by their names in the graph.
type (
	IdentityEdge            = Edge[Identity]
	IdentityConnection      = Connection[Identity]
	AuthenticatorEdge       = Edge[Authenticator]
	AuthenticatorConnection = Connection[Authenticator]
	SessionEdge             = Edge[Session]
	SessionConnection       = Connection[Session]
	AuthorizationEdge       = Edge[Authorization]
	AuthorizationConnection = Connection[Authorization]
)

// page cuts out of a list what the arguments ask for.
func page[T any](all []*T, args Args) (*Connection[T], error) {
	start, end, err := args.Window(InMemory, len(all))
	if err != nil {
		return nil, err
	}
	c := &Connection[T]{Edges: []*Edge[T]{}, PageInfo: InMemory.Info(start, end, end < len(all)), TotalCount: len(all)}
	for at := start; at < end; at++ {
		c.Edges = append(c.Edges, &Edge[T]{InMemory.At(at), all[at]})
	}
	return c, nil
}
