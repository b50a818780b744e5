using System.CommandLine;
using Tenantry.Cli.Running;

namespace Tenantry.Cli.Tests;

public class DryRunTests
{
    // These change nothing: they show and look, or write what they show into a file that is named.
    private static readonly string[] Looking =
    [
        "app list", "app show", "tenant list", "tenant show", "checklist", "status", "plan", "logs", "stats", "wake report", "webhooks list", "secret list", "secret show", "llm show", "llm provider list",
        "data export", "operations", "operations show", "events", "audit list", "audit verify", "audit export", "target list", "target check", "network list", "organization list", "quota show", "person list",
        "person show", "member list", "token list", "doctor", "schema", "cost estimate", "cost actual", "completion", "complete",
    ];

    // These change something and have no dry run, for the reason given.
    private static readonly Dictionary<string, string> Exceptions = new(StringComparer.Ordinal)
    {
        ["serve"] = "it is the control plane itself",
        ["exec"] = "what the command does is the command's",
    };

    [Fact]
    public void EveryVerbThatChangesSomethingCanBeTriedWithoutChangingAnything()
    {
        var verbs = Program.Verbs.SelectMany(verb => Leaves(verb.Create(CliHost.OfProcess()), "")).ToList();
        var without = verbs.Where(verb => verb.Command.Options.All(option => option.Name != "--dry-run")).Select(verb => verb.Name).ToList();

        without.ShouldBe(Looking.Concat(Exceptions.Keys), ignoreOrder: true);
    }

    private static IEnumerable<(string Name, Command Command)> Leaves(Command command, string before)
    {
        var name = $"{before} {command.Name}".Trim();
        return command.Subcommands.Count == 0 ? [(name, command)] : [.. command.Action is null ? [] : new[] { (name, command) }, .. command.Subcommands.SelectMany(sub => Leaves(sub, name))];
    }
}
