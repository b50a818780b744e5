using System.CommandLine;
using System.CommandLine.Parsing;
using Tenantry.Cli.Running;
using Tenantry.Client;

namespace Tenantry.Cli.Commands;

/// <summary>The hidden verb behind shell completion: the words that may stand at a position of a line, and names from the control plane.</summary>
internal static class CompleteCommand
{
    // A shell waits for this while a person types.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    public static Command Create(CliHost host)
    {
        var position = new Option<int>("--position");
        var line = new Argument<string>("line");
        var command = new Command("complete", "Words that may stand at a position of a line.") { position, line };
        command.Hidden = true;
        return command.Does(host, async call =>
        {
            var text = call.Required(line);
            var at = Math.Clamp(call.Value(position), 0, text.Length);
            var before = text[..at];
            var root = CommandLine.Build(Program.Verbs, [], host);
            var parsed = root.Parse(Words(before));
            var words = parsed.GetCompletions(before.Length).Select(c => c.Label).Where(w => !w.StartsWith("/", StringComparison.Ordinal));
            var typed = before.EndsWith(' ') ? "" : before.Split(' ')[^1];
            words = words.Concat(await NamesAsync(call, parsed, typed));
            foreach (var word in words.Where(w => w.StartsWith(typed, StringComparison.Ordinal)).Distinct(StringComparer.Ordinal))
                host.Out.WriteLine(word);
        });
    }

    // The first word is the program, under whatever name it was called.
    private static string Words(string line)
    {
        var end = line.IndexOf(' ', StringComparison.Ordinal);
        return end < 0 ? "" : line[(end + 1)..];
    }

    private static async Task<List<string>> NamesAsync(Call call, ParseResult parsed, string typed)
    {
        if (typed.StartsWith('-') || parsed.CommandResult.Command.Arguments.FirstOrDefault() is not { } argument)
            return [];
        using var late = new CancellationTokenSource(Patience);
        var client = call.Client;
        try
        {
            var names = (argument.Name, (parsed.CommandResult.Parent as CommandResult)?.Command.Name) switch
            {
                ("SLUG", _) => client.Instances.ListAsync(cancellationToken: late.Token).Select(i => i.Slug),
                ("APP", _) => client.Apps.ListAsync(late.Token).Select(a => a.Name),
                ("NAME", "tenant") => client.Tenants.ListAsync(late.Token).Select(t => t.Name),
                ("NAME", "target") => client.Targets.ListAsync(late.Token).Select(t => t.Name),
                _ => AsyncEnumerable.Empty<string>(),
            };
            return await names.ToListAsync(late.Token);
        }
        catch (Exception away) when (away is TenantryUnavailableException or TenantryException or OperationCanceledException)
        {
            // Without a control plane there are no names to offer; the shell gets the words that are known without one.
            return [];
        }
    }
}
