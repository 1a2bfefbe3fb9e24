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
// Who owns what: each channel has a goroutine of its own, so that a slow mail server holds
// up no text message; within a channel, messages go out one after the other. Several
// processes may run: an UPDATE that repeats its condition decides who takes a message.
//
// A project can have a mail server of its own, which takes the place of the server's for its
// mails; not for those that open an account of the Portal.
//
// Without settings for a channel its messages stay queued; the Portal's outbox shows them.
// Start reading at Service.runOnce.
package delivery
