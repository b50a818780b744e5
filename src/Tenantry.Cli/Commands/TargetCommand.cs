using System.CommandLine;
using System.Net;
using Tenantry.Cli.Checking;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Client;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry target add|list|check|adopt|unlock|remove</c></summary>
internal static class TargetCommand
{
    public static Command Create(CliHost host) => new("target", "Targets: the places where instances run.")
    {
        Add(host),
        List(host),
        Check(host),
        Adopt(host),
        TargetUnlock.Create(host),
        Remove(host),
    };

    private static Command Add(CliHost host)
    {
        var name = CommandOptions.Name("name", "What to call it.");
        var kind = new Option<string?>("--kind") { Description = "What it is, such as local; the name itself when not said.", HelpName = "KIND" };
        var options = CommandOptions.Pairs("--option", "An option of its kind; may be repeated. 'tenantry target list --kinds' lists them.");
        var reportDrift = new Option<bool>("--report-drift") { Description = "Only report differences between what is wanted and what was seen; do not repair them." };
        var parallel = new Option<int?>("--parallel") { Description = "How many instances are worked on at once, 1 to 256.", HelpName = "N" };
        var replace = new Option<bool>("--replace") { Description = "Change the target of that name." };
        var dryRun = CommandOptions.DryRun();
        return new Command("add", "Add a target, or change one.") { name, kind, options, reportDrift, parallel, replace, dryRun }.Does(host, async call =>
        {
            var target = call.Required(name);
            var request = new PutTargetRequest(
                call.Value(kind) ?? target,
                call.Value(options) is { Count: > 0 } values ? values : null,
                call.Value(reportDrift) ? false : null,
                call.Value(parallel));
            var change = call.Value(replace) ? call.Client.Targets.Replace(target, request) : call.Client.Targets.Create(target, request);
            TargetResponse? before;
            TargetResponse added;
            try
            {
                if (await call.PreviewAsync(call.Value(dryRun), change))
                    return;
                before = await call.Client.Targets.FindAsync(target, call.CancellationToken);
                added = await change.SendAsync(call.CancellationToken);
            }
            catch (TenantryException present) when (present.Status == HttpStatusCode.PreconditionRequired)
            {
                throw new CliException(ExitCode.Conflict, $"There is a target '{target}' already, and it is configured in another way.", $"Say --replace to change it; 'tenantry target list' shows how it is.");
            }

            if (call.Output.Json)
                call.Output.Value(added);
            else
                call.Output.Line($"{Happened(before, added)} 'tenantry target check {added.Name}' tells whether it can work.");
        });
    }

    private static string Happened(TargetResponse? before, TargetResponse now) => before switch
    {
        null => $"Target {now.Name} ({now.Kind}) is added.",
        { Version: var version } when version == now.Version => $"Target {now.Name} ({now.Kind}) was so already: nothing changed.",
        _ => $"Target {now.Name} ({now.Kind}) is changed.",
    };

    private static Command List(CliHost host)
    {
        var kinds = new Option<bool>("--kinds") { Description = "List the kinds that can be added and their options instead." };
        return new Command("list", "List targets.") { kinds }.Does(host, call => call.Value(kinds) ? ListKindsAsync(call) : ListTargetsAsync(call));
    }

    private static async Task ListTargetsAsync(Call call)
    {
        var targets = await call.Client.Targets.ListAsync(call.CancellationToken).ToListAsync(call.CancellationToken);
        if (call.Output.Json)
        {
            call.Output.Array(targets);
            return;
        }

        var table = new TextTable("TARGET", "KIND", "DRIFT", "PARALLEL", "HOME", "OPTIONS") { MayLack = ["HOME", "PARALLEL", "DRIFT"] };
        foreach (var t in targets)
            table.Row(t.Name, t.Kind, t.RepairDrift ? "repaired" : "reported", $"{t.Parallel}", t.Home, string.Join(", ", t.Options.Select(o => $"{o.Key}={o.Value}")));
        table.Write(call.Output, "No targets. 'tenantry target add local' adds this machine.");
    }

    private static async Task ListKindsAsync(Call call)
    {
        var kinds = await call.Client.Targets.ListKindsAsync(call.CancellationToken).ToListAsync(call.CancellationToken);
        if (call.Output.Json)
        {
            call.Output.Array(kinds);
            return;
        }

        foreach (var kind in kinds)
        {
            call.Output.Line($"{kind.Kind}: {kind.Summary}");
            foreach (var (option, meaning) in kind.Options)
                call.Output.Line($"  --option {option}=…  {meaning}");
        }
    }

    private static Command Check(CliHost host)
    {
        var name = new Argument<string?>("NAME") { Description = "The target; all of them when none is named. Without a control plane: a kind.", Arity = ArgumentArity.ZeroOrOne };
        var options = CommandOptions.Pairs("--option", "An option of a kind that was not added yet, checked as it would be added; may be repeated. 'tenantry target list --kinds' lists them.");
        return new Command("check", "Tell whether a target can work, and the command that installs what is missing.") { name, options }.Does(host, async call =>
        {
            var given = call.Value(options) ?? new Dictionary<string, string>(StringComparer.Ordinal);
            if (given.Count > 0 && call.Value(name) is null)
                throw new CliException(ExitCode.Usage, "--option needs the kind that it belongs to.", "Such as: tenantry target check docker --option engine=unix:///run/docker.sock");
            var reports = await CheckAsync(call, call.Value(name), given);
            if (call.Output.Json)
                call.Output.Array(reports);
            else
                foreach (var report in reports)
                    FindingsText.Write(call.Output, report);
            return (int)(reports.All(r => r.Works) ? ExitCode.Done : ExitCode.Unavailable);
        });
    }

    private static async Task<IReadOnlyList<TargetCheckResponse>> CheckAsync(Call call, string? name, IReadOnlyDictionary<string, string> options)
    {
        try
        {
            List<string> names = name is not null
                ? [name]
                : await call.Client.Targets.ListAsync(call.CancellationToken).Select(t => t.Name).ToListAsync(call.CancellationToken);
            var reports = new List<TargetCheckResponse>();
            foreach (var target in names)
                reports.Add(await CheckOneAsync(call, target, options));
            if (reports.Count == 0)
                call.Output.Line("No targets. 'tenantry target add local' adds this machine.");
            return reports;
        }
        catch (TenantryUnavailableException away) when (ThisMachine.StandsInFor(away))
        {
            var reports = await ThisMachine.CheckAsync(name, options, away, call.CancellationToken);
            var user = call.Host.IsRoot ? "root" : "an ordinary user";
            call.Output.Note($"No control plane answers at {away.Address}: checked from this process, as {user}, {With(options)}.");
            return reports;
        }
    }

    private static async Task<TargetCheckResponse> CheckOneAsync(Call call, string target, IReadOnlyDictionary<string, string> options)
    {
        // One that was added has its options, and is checked by who will use it.
        if (options.Count > 0 && await call.Client.Targets.FindAsync(target, call.CancellationToken) is not null)
            throw new CliException(ExitCode.Conflict, $"The target '{target}' was added with its own options.", $"Leave --option out, or change it: 'tenantry target add {target} --replace --option …'.");
        try
        {
            return await call.Client.Targets.CheckAsync(target, call.CancellationToken);
        }
        catch (TenantryException unknown) when (unknown.Status == HttpStatusCode.NotFound && call.Client.Address.Socket is not null && ThisMachine.Knows(target))
        {
            var report = await ThisMachine.CheckAsync(target, options, call.CancellationToken);
            var add = string.Concat(options.Select(option => $" --option {option.Key}={option.Value}"));
            call.Output.Note($"No target '{target}' was added yet: checked from this process {With(options)}. 'tenantry target add {target}{add}' adds it.");
            return report;
        }
    }

    private static string With(IReadOnlyDictionary<string, string> options) => options.Count == 0 ? "with the usual options" : "with these options";

    private static Command Adopt(CliHost host)
    {
        var name = CommandOptions.Name("name", "The target.");
        var yes = CommandOptions.Yes("Do not ask.");
        var dryRun = CommandOptions.DryRun();
        return new Command("adopt", "Make a target that is one machine, such as local, this engine's, when the engine that it belonged to is gone for good.") { name, yes, dryRun }.Does(host, async call =>
        {
            var change = call.Client.Targets.Adopt(call.Required(name));
            if (await call.PreviewAsync(call.Value(dryRun), change))
                return;
            Prompt.Confirm(call, call.Value(yes), $"Instances on {call.Required(name)} are made anew here, with empty volumes; if the other engine still runs, it stops its own within seconds and keeps their data. Go on?");
            await change.SendAsync(call.CancellationToken);
            if (call.Output.Json)
                call.Output.Value(await call.Client.Targets.GetAsync(call.Required(name), call.CancellationToken));
            else
                call.Output.Line($"Target {call.Required(name)} is this engine's now.");
        });
    }

    private static Command Remove(CliHost host)
    {
        var name = CommandOptions.Name("name", "The target.");
        var yes = CommandOptions.Yes("Do not ask.");
        var dryRun = CommandOptions.DryRun();
        return new Command("remove", "Remove a target that has no instance.") { name, yes, dryRun }.Does(host, async call =>
        {
            var change = call.Client.Targets.Delete(call.Required(name));
            if (await call.PreviewAsync(call.Value(dryRun), change))
                return;
            Prompt.Confirm(call, call.Value(yes), $"Remove the target {call.Required(name)}?");
            await change.SendAsync(call.CancellationToken);
            call.Output.Removed("target", call.Required(name));
        });
    }
}
