using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry orphans [--remove --yes]</c></summary>
internal static class OrphansCommand
{
    public static Command Create(CliHost host)
    {
        var remove = new Option<bool>("--remove") { Description = "Remove them, with their data." };
        var yes = CommandOptions.Yes("Do not ask.");
        var dryRun = CommandOptions.DryRun();
        return new Command("orphans", "Show what targets hold that no instance owns.") { remove, yes, dryRun }.Does(host, async call =>
        {
            var found = await call.Client.Targets.GetOrphansAsync(call.CancellationToken);
            var orphans = found.Items;
            if (!call.Output.Json)
            {
                var table = new TextTable("TARGET", "INSTANCE", "ID", "WHY");
                foreach (var o in orphans)
                    table.Row(o.Target, o.Slug, o.Id, o.Home is null ? "no instance owns it" : $"stayed here; the target is at home at {o.Home}");
                table.Write(call.Output, found.Unreachable.Count == 0 ? "No orphans." : "No orphans on the other targets.");
            }

            if (call.Value(remove) && !call.Value(dryRun) && orphans.Count > 0)
            {
                Prompt.Confirm(call, call.Value(yes), $"Remove {Words.Count(orphans.Count, "orphan")} with all data?");
                foreach (var orphan in orphans)
                {
                    await call.Client.Targets.DeleteOrphan(orphan).SendAsync(call.CancellationToken);
                    if (!call.Output.Json)
                        call.Output.Removed("orphan", $"{orphan.Slug} ({orphan.Id}) on {orphan.Target}");
                }
            }

            if (call.Output.Json)
                call.Output.Array(orphans);
            foreach (var away in found.Unreachable)
                call.Output.Note($"tenantry: What target {away.Target} holds is not known: {away.Reason}");
            return (int)(found.Unreachable.Count == 0 ? ExitCode.Done : ExitCode.Unavailable);
        });
    }
}
