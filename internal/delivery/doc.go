// Package delivery sends the messages of the outbox: mails over SMTP, text messages through
// the operator's web hook.
//
// A message goes through these states, each a commit:
//
//	queued            package message put it there, in the transaction of what caused it
//	queued, leased    a process has taken it: nobody else does until leased_until
//	sent              the other side has accepted it; email.sent or sms.sent stands in the
//	                  log and the body is erased, in the same transaction
//	queued, attempts+1  it failed for now; it is due again after a pause
//	dead              it failed for good, or too often; email.error or sms.error stands in the log
//
// Crash points: before the lease, nothing has happened. After it, the lease runs out and
// another run takes the message. After the other side has accepted and before that is
// recorded, the message is sent again: it goes out at least once, and always with the same
// Message-ID, so that the receiving side can tell. After the record, all is done.
//
// Each server that messages go out through has a lane, in which they go out one after the other: a
// server that is slow holds up nothing but its own messages, and one that cannot be reached rests,
// so that one message at a time uses an attempt to find out whether it is back. The Portal's own
// messages have a lane that always has room. Each project with messages has its turn, whatever the
// others have queued. Several processes may run: an UPDATE that repeats its condition decides
// who takes a message.
//
// A project can have a mail server of its own, which takes the place of the server's for its
// mails; not for those that open an account of the Portal.
//
// Without settings for a channel its messages stay queued; the Portal's outbox shows them.
// Start reading at Service.runOnce.
package delivery
