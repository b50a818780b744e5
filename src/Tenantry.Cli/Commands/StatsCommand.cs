using System.CommandLine;
using System.Globalization;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Client;
using Tenantry.Model.Instances;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry stats [SLUG…]</c></summary>
internal static class StatsCommand
{
    public static Command Create(CliHost host)
    {
        var slugs = new Argument<string[]>("SLUG") { Description = "The instances; all that run when none is named.", Arity = ArgumentArity.ZeroOrMore };
        return new Command("stats", "Show what instances use: CPU, memory, processes, disk, and network as far as they call out (what comes through the gateway is not in it).") { slugs }.Does(host, async call =>
        {
            var named = call.Value(slugs) ?? [];
            var stats = new List<StatsResponse>();
            foreach (var slug in named.Length > 0 ? [.. named] : await RunningAsync(call))
            {
                try
                {
                    stats.Add(await call.Client.Instances.GetStatsAsync(slug, call.CancellationToken));
                }
                catch (TenantryException refused) when (named.Length == 0)
                {
                    call.Output.Note($"{slug}: {refused.Message}");
                }
            }

            if (call.Output.Json)
                call.Output.Array(stats);
            else
                Write(call.Output, stats);
        });
    }

    private static async Task<List<string>> RunningAsync(Call call)
    {
        var slugs = new List<string>();
        await foreach (var instance in call.Client.Instances.ListAsync(cancellationToken: call.CancellationToken))
            if (instance.Phase is InstancePhase.Running or InstancePhase.Frozen)
                slugs.Add(instance.Slug);
        return slugs;
    }

    private static void Write(Output output, List<StatsResponse> stats)
    {
        var table = new TextTable("SLUG", "CPU TIME", "MEMORY", "LIMIT", "PIDS", "DISK", "RECEIVED", "SENT", "RESTARTS") { MayLack = ["RECEIVED", "SENT", "RESTARTS", "LIMIT", "PIDS", "DISK"] };
        foreach (var s in stats)
        {
            table.Row(
                s.Slug,
                s.CpuSeconds is { } cpu ? Words.Took(TimeSpan.FromSeconds(cpu)) : "-",
                Words.Bytes(s.MemoryBytes),
                Words.Bytes(s.MemoryLimitBytes),
                s.Pids?.ToString(CultureInfo.InvariantCulture),
                Words.Bytes(s.DiskBytes),
                Words.Bytes(s.ReceivedBytes),
                Words.Bytes(s.SentBytes),
                s.Restarts.ToString(CultureInfo.InvariantCulture));
        }

        table.Write(output, "No instance runs.");
    }
}
