using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Client;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Waiting;

/// <summary>What the verbs that change an instance have in common: preview, send, wait, tell.</summary>
internal static class InstanceVerb
{
    /// <summary>A command of one instance and no further arguments.</summary>
    public static Command Create(CliHost host, string name, string description, string already, Func<InstancesClient, string, Change<InstanceChange>> change)
    {
        var slug = CommandOptions.Slug();
        var dryRun = CommandOptions.DryRun();
        var noWait = CommandOptions.NoWait();
        var timeout = CommandOptions.Timeout();
        return new Command(name, description) { slug, dryRun, noWait, timeout }.Does(host, async call =>
        {
            var wanted = change(call.Client.Instances, call.Required(slug));
            if (!await call.PreviewAsync(call.Value(dryRun), wanted))
                await call.CarryOutAsync(wanted, !call.Value(noWait), call.Value(timeout), already);
        });
    }

    /// <summary>Sends a change, waits for it and tells what came of it. For programs: the instance, or with no waiting the operation.</summary>
    public static async Task CarryOutAsync(this Call call, Change<InstanceChange> change, bool wait, TimeSpan timeout, string already)
    {
        var (operation, unchanged) = await change.SendAsync(call.CancellationToken);
        if (unchanged is not null)
        {
            if (call.Output.Json)
                call.Output.Value(unchanged);
            else
                call.Output.Line($"{unchanged.Slug} {already}.");
            return;
        }

        await call.FinishAsync(operation!, wait, timeout);
    }

    /// <summary>Waits for an operation unless told not to, and tells what came of it.</summary>
    public static async Task FinishAsync(this Call call, OperationResponse operation, bool wait, TimeSpan timeout)
    {
        if (!wait)
        {
            if (call.Output.Json)
                call.Output.Value(operation);
            else
                call.Output.Line($"Accepted. 'tenantry operations show {operation.Id}' tells how far it is.");
            return;
        }

        var end = await call.WaitAsync(operation, timeout);
        call.Ended(end);
        if (!call.Output.Json)
            await call.SummarizeAsync(end.Slug);
        else if (await call.Client.Instances.FindAsync(end.Slug, call.CancellationToken) is { } instance)
            call.Output.Value(instance);
        else
            call.Output.Value(end);
    }

    /// <summary>A line that says how an instance is and where it answers, if it is still there.</summary>
    public static async Task SummarizeAsync(this Call call, string slug)
    {
        if (await call.Client.Instances.FindAsync(slug, call.CancellationToken) is { } instance)
            call.Output.Line(Summary(instance));
    }

    private static string Summary(InstanceDetailResponse instance)
    {
        var health = instance.Health == Model.Instances.InstanceHealth.Unknown ? "" : $", {instance.Health}";
        return $"{instance.Slug} is {instance.Phase}{health}" + (instance.Url is null ? "" : ": " + instance.Url);
    }
}
