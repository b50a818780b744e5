using System.CommandLine;
using System.Globalization;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry audit list|verify|export</c></summary>
internal static class AuditCommand
{
    public static Command Create(CliHost host) => new("audit", "Who did what: a list that cannot be changed without being noticed.")
    {
        List(host),
        Verify(host),
        AuditExportCommand.Create(host),
    };

    private static Command List(CliHost host)
    {
        var limit = new Option<int>("--limit") { Description = "At most that many of the newest.", HelpName = "N", DefaultValueFactory = _ => 50 };
        var actor = Text("--actor", "NAME", "Who: a person's address, a token's name, or local.");
        var action = Text("--action", "ACTION", "What, such as instance.create; instance means all of its actions.");
        var subject = Text("--subject", "TEXT", "What to, such as 'instance alice'.");
        var outcome = Text("--outcome", "OUTCOME", "What came of it: done, denied, refused, failed or started.");
        var since = CommandOptions.Time("--since", "Not longer ago than this, such as 2h or 7d.", TimeSpan.Zero);
        return new Command("list", "List the audit, newest first.") { limit, actor, action, subject, outcome, since }.Does(host, async call =>
        {
            TimeSpan ago = call.Value(since);
            (string Name, string? Value)[] filter =
            [
                ("actor", call.Value(actor)), ("action", call.Value(action)), ("subject", call.Value(subject)), ("outcome", call.Value(outcome)),
                ("since", ago > TimeSpan.Zero ? (TimeProvider.System.GetUtcNow() - ago).ToString("O", CultureInfo.InvariantCulture) : null),
            ];
            var rows = await call.Client.ListAuditAsync(filter, call.CancellationToken).Take(call.Value(limit)).ToListAsync(call.CancellationToken);
            if (call.Output.Json)
            {
                call.Output.Array(rows);
                return;
            }

            var table = new TextTable("SEQUENCE", "TIME", "ACTOR", "ACTION", "SUBJECT", "OUTCOME", "THROUGH", "MESSAGE") { MayLack = ["THROUGH"] };
            foreach (var r in rows)
                table.Row(r.Sequence.ToString(CultureInfo.InvariantCulture), Words.Time(r.At), r.Actor, r.Action, r.Subject, r.Outcome, r.Through, Message(r));
            table.Write(call.Output, "Nothing was done yet.");
        });
    }

    private static string Message(AuditResponse row) =>
        string.Join("; ", row.Changes.Select(one => $"{one.Field} {one.From ?? "none"} → {one.To ?? "none"}").Prepend(row.Detail).Where(text => text.Length > 0));

    private static Option<string?> Text(string name, string help, string description) => new(name) { Description = description, HelpName = help };

    private static Command Verify(CliHost host)
    {
        var file = new Option<string?>("--file", "-f") { Description = "Look at this export instead; no control plane is asked.", HelpName = "FILE" };
        return new Command("verify", "Look for rows that were changed, removed or reordered.") { file }.Does(host, async call =>
        {
            var answer = call.Value(file) is { } export ? await AuditExportCommand.VerifyAsync(call, export) : await call.Client.VerifyAuditAsync(call.CancellationToken);
            if (call.Output.Json)
                call.Output.Value(answer);
            else
                call.Output.Line(answer.Whole ? "The audit is whole." : answer.Problem ?? "The audit is not whole.");
            return (int)(answer.Whole ? ExitCode.Done : ExitCode.Failed);
        });
    }
}
