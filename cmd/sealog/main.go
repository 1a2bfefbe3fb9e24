// Command sealog is the admin plane of an identity project: an Admin API and a Portal whose
// every action is on the record. "sealog serve" runs it; the other commands work on the same
// data, beside a running server too.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/sealog/sealog/internal/config"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
)

// cli is the command line; flags of the embedded settings can stand anywhere on it.
type cli struct {
	config.Data

	Serve   serveCommand `cmd:"" help:"Run the Admin API and the Portal."`
	Init    initCommand  `cmd:"" help:"Create a new, empty database. The first start does this by itself, unless a master secret or signed checkpoints show that there was a database."`
	Account struct {
		List               accountListCommand          `cmd:"" help:"List the Portal accounts."`
		Disable            accountDisableCommand       `cmd:"" help:"Keep an account from signing in; its sessions and tokens end. This is recorded."`
		Enable             accountEnableCommand        `cmd:"" help:"Let a disabled account sign in again. This is recorded."`
		Sessions           accountSessionsCommand      `cmd:"" help:"List an account's sessions, or end them."`
		ResetPassword      accountResetPasswordCommand `cmd:"" help:"Print a link with which an account sets a new password, once, within 30 minutes. Its sessions and tokens end. This is recorded."`
		Create             accountCreateCommand        `cmd:"" help:"Make a Portal account; the first one is an operator."`
		RemoveSecondFactor removeSecondFactorCommand   `cmd:"" help:"Let somebody sign in with their password alone, who has lost their second factor and its codes. This is recorded."`
	} `cmd:"" help:"Portal accounts."`
	Project struct {
		Create    projectCreateCommand    `cmd:"" help:"Make a project with its log and its first Admin API key."`
		Key       projectKeyCommand       `cmd:"" help:"Write the private half of a project's Admin API key to a file. This is recorded."`
		Configure projectConfigureCommand `cmd:"" help:"Replace a project's configuration, or print it. A change is recorded."`
	} `cmd:"" help:"Projects."`
	Export exportCommand `cmd:"" help:"Write a copy of a project's log that others can verify. This is recorded."`
	Check  checkCommand  `cmd:"" help:"Check what the database keeps beside the logs against the logs: columns, positions, trees, counts, references. Exits with 1 when something differs."`
	Log    struct {
		Key      logKeyCommand    `cmd:"" help:"Print the keys with which a log's checkpoints are verified."`
		Status   logStatusCommand `cmd:"" help:"Show how far logs are signed, and which are not any more."`
		NewEpoch newEpochCommand  `cmd:"" help:"Let a log that was halted, or whose database was restored from a backup, go on in a new tree. This is recorded."`
	} `cmd:"" help:"The sealed logs."`
	Erase  eraseCommand  `cmd:"" help:"Remove what is personal about an end user from a project's log. This is recorded."`
	Backup backupCommand `cmd:"" help:"Copy the embedded database to a file, beside a running server too. This is recorded."`
	Bench  struct {
		Load   benchLoadCommand   `cmd:"" help:"Leave a log of any size to measure."`
		Read   benchReadCommand   `cmd:"" help:"Measure how fast a loaded log is read, without HTTP."`
		Write  benchWriteCommand  `cmd:"" help:"Measure how fast changes are recorded."`
		HTTP   benchHTTPCommand   `cmd:"" name:"http" help:"Measure how long users of a loaded log wait."`
		Seal   benchSealCommand   `cmd:"" help:"Measure how fast events are sealed and proven."`
		Verify benchVerifyCommand `cmd:"" help:"Measure how fast an export is verified."`
	} `cmd:"" help:"Measure on this machine, on a database made for it."`
	Config    configCommand    `cmd:"" help:"Print the settings that are in force, secrets masked."`
	SetupLink setupLinkCommand `cmd:"" help:"Print a link with which the first account can be made."`
	Version   versionCommand   `cmd:"" help:"Print the version."`
}

// terminal is what a command has to do with the outside.
type terminal struct {
	stdin  *os.File
	stdout io.Writer
	stderr *os.File
}

// garbage is how much memory may be allocated between two collections of garbage, in percent of what is
// in use, unless GOGC says otherwise. A Sealog has little in use, so that Go's 100 would have it collect
// dozens of times a second: with 200 a sixth more is recorded.
const garbage = 200

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], terminal{os.Stdin, os.Stdout, os.Stderr}))
}

// run runs one command line and returns the process's exit status: 0 well, 1 failed, 2 not
// understood.
func run(ctx context.Context, args []string, term terminal) int {
	var c cli
	exited := -1
	parser, err := kong.New(&c, kong.Name("sealog"),
		kong.Description("The admin plane of an identity project, with every action on the record."),
		kong.Writers(term.stdout, term.stderr), kong.UsageOnError(),
		kong.Exit(func(status int) { exited = status }))
	if err != nil {
		fmt.Fprintln(term.stderr, "sealog:", err)
		return 2
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 {
		return exited
	}
	if err != nil {
		fmt.Fprintln(term.stderr, "sealog:", told(err))
		return 2
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	if err := parsed.Run(c.Data, term); err != nil {
		fmt.Fprintln(term.stderr, "sealog:", told(err))
		return 1
	}
	return 0
}

// told is an error as the person at the terminal should see it. They run the server, so
// unlike a user of the network they see causes.
func told(err error) string {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		text := f.Code + ": " + f.Message
		if f.Err != nil && !store.IsUnique(f.Err) { // a unique index that says no: the message says so
			text += " (" + f.Err.Error() + ")"
		}
		return text
	}
	return err.Error()
}
