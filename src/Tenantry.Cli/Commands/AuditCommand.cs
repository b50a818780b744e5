using System.CommandLine;
using System.Globalization;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry audit list|verify</c></summary>
internal static class AuditCommand
{
    public static Command Create(CliHost host) => new("audit", "Who did what: a list that cannot be changed without being noticed.")
    {
        List(host),
        Verify(host),
    };

    private static Command List(CliHost host)
    {
        var limit = new Option<int>("--limit") { Description = "At most that many of the newest.", HelpName = "N", DefaultValueFactory = _ => 50 };
        return new Command("list", "List the audit, newest first.") { limit }.Does(host, async call =>
        {
            var rows = await call.Client.ListAuditAsync(call.CancellationToken).Take(call.Value(limit)).ToListAsync(call.CancellationToken);
            if (call.Output.Json)
            {
                call.Output.Array(rows);
                return;
            }

            var table = new TextTable("SEQUENCE", "TIME", "ACTOR", "ACTION", "SUBJECT", "OUTCOME", "MESSAGE");
            foreach (var r in rows)
                table.Row(r.Sequence.ToString(CultureInfo.InvariantCulture), Words.Time(r.At), r.Actor, r.Action, r.Subject, r.Outcome, r.Detail);
            table.Write(call.Output, "Nothing was done yet.");
        });
    }

    private static Command Verify(CliHost host) => new Command("verify", "Look for rows that were changed, removed or reordered.").Does(host, async call =>
    {
        var answer = await call.Client.VerifyAuditAsync(call.CancellationToken);
        if (call.Output.Json)
            call.Output.Value(answer);
        else
            call.Output.Line(answer.Whole ? "The audit is whole." : answer.Problem ?? "The audit is not whole.");
        return (int)(answer.Whole ? ExitCode.Done : ExitCode.Failed);
    });
}
