using System.CommandLine;
using System.Globalization;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry quota show|set</c></summary>
internal static class QuotaCommand
{
    private const string None = "none";

    public static Command Create(CliHost host) => new("quota", "How much an organization may have.")
    {
        Show(host),
        Set(host),
    };

    private static Command Show(CliHost host)
    {
        var organization = CommandOptions.Name("organization", "The organization.");
        return new Command("show", "Show the quotas of an organization and what is used of them.") { organization }.Does(host, async call =>
            Write(call, await call.Client.People.ListQuotasAsync(call.Required(organization), call.CancellationToken).ToListAsync(call.CancellationToken)));
    }

    private static Command Set(CliHost host)
    {
        var organization = CommandOptions.Name("organization", "The organization.");
        var tier = new Option<string?>("--tier") { Description = "The quota of this tier's instances. Of all together when it is not said.", HelpName = "TIER" };
        var instances = Limit("--instances", "N|none", "Instances, asleep or not.");
        var awake = Limit("--awake", "N|none", "Instances that are awake at the same time.");
        var cpu = Limit("--cpu", "CORES|none", "Cores of all instances together.");
        var memory = Limit("--memory", "SIZE|none", "Memory of all instances together, such as 8GB.");
        var disk = Limit("--disk", "SIZE|none", "Disk of all instances together, such as 100GB.");
        var dryRun = CommandOptions.DryRun();
        return new Command("set", "Set what is said, and leave the rest as it is.") { organization, tier, instances, awake, cpu, memory, disk, dryRun }.Does(host, async call =>
        {
            var name = call.Required(organization);
            var present = (await call.Client.People.ListQuotasAsync(name, call.CancellationToken).ToListAsync(call.CancellationToken)).Find(one => one.Tier == call.Value(tier))?.Limits ?? new QuotaLimits();
            var limits = new QuotaLimits(
                Whole("--instances", call.Value(instances), present.Instances),
                Whole("--awake", call.Value(awake), present.Awake),
                Cores(call.Value(cpu), present.Cpu),
                Size("--memory", call.Value(memory), present.Memory),
                Size("--disk", call.Value(disk), present.Disk));
            if (limits == present)
                throw new CliException(ExitCode.Usage, "Nothing to set.", "Say --instances, --awake, --cpu, --memory or --disk; 'none' takes a limit away.");
            var change = call.Client.People.PutQuota(name, new PutQuotaRequest(limits, call.Value(tier)));
            if (await call.PreviewAsync(call.Value(dryRun), change))
                return;
            Write(call, [.. (await change.SendAsync(call.CancellationToken)).Items]);
        });
    }

    private static void Write(Call call, IReadOnlyList<QuotaResponse> quotas)
    {
        if (call.Output.Json)
        {
            call.Output.Array(quotas);
            return;
        }

        var table = new TextTable("TIER", "INSTANCES", "AWAKE", "CPU", "MEMORY", "DISK");
        foreach (var one in quotas)
        {
            table.Row(
                one.Tier ?? "all",
                Of(one.Used.Instances.ToString(CultureInfo.InvariantCulture), one.Limits.Instances?.ToString(CultureInfo.InvariantCulture)),
                Of(one.Used.Awake.ToString(CultureInfo.InvariantCulture), one.Limits.Awake?.ToString(CultureInfo.InvariantCulture)),
                Of(one.Used.Cpu.ToString("0.###", CultureInfo.InvariantCulture), one.Limits.Cpu?.ToString("0.###", CultureInfo.InvariantCulture)),
                Of(Words.Bytes(one.Used.Memory), one.Limits.Memory is { } memory ? Words.Bytes(memory) : null),
                Of(Words.Bytes(one.Used.Disk), one.Limits.Disk is { } disk ? Words.Bytes(disk) : null));
        }

        table.Write(call.Output, "No quotas: as much as the targets hold.");
    }

    private static string Of(string used, string? limit) => limit is null ? used : $"{used} of {limit}";

    private static Option<string?> Limit(string name, string help, string description) => new(name) { Description = description, HelpName = help };

    private static int? Whole(string option, string? text, int? present) => text switch
    {
        null => present,
        None => null,
        _ when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) => value,
        _ => throw new CliException(ExitCode.Usage, $"{option}: '{text}' is not a whole number from 0, nor none."),
    };

    private static double? Cores(string? text, double? present) => text switch
    {
        null => present,
        None => null,
        _ when double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value >= 0 => value,
        _ => throw new CliException(ExitCode.Usage, $"--cpu: '{text}' is not a number of cores such as 4 or 0.5, nor none."),
    };

    private static long? Size(string option, string? text, long? present) => text switch
    {
        null => present,
        None => null,
        _ => SizeText.Parse(text) ?? throw new CliException(ExitCode.Usage, $"{option}: '{text}' is not a size such as 512MB or 8GB, nor none."),
    };
}
