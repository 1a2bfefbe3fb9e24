// Package bench measures how fast the log is sealed and verified, on the machine at hand.
//
// A rate by itself says little about a program, much about a machine, and everything about who
// else was using it. So each figure has beside it what the machine could do at that moment at
// the very most: the same rows put into a bare table of the same engine with the same
// durability, or SHA-256 over the same bytes. The two are measured by turns.
//
// It works on databases of its own, which it makes and removes: an embedded one in a temporary
// directory, or one on a PostgreSQL server that is named for it. The data that Sealog serves is
// never touched.
//
// Start reading at Seal and Verify.
package bench
