using Tenantry.Cli.Running;
using Tenantry.Model.Instances;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Writing;

/// <summary>One instance with all that is known of it, for people.</summary>
internal static class InstanceText
{
    public static void Write(Call call, InstanceDetailResponse i)
    {
        var output = call.Output;
        var now = call.Host.Time.GetUtcNow();
        var facts = new FactList();
        facts.Add("instance", i.Slug);
        facts.Add("tenant", $"{i.Tenant} (organization {i.Organization})");
        facts.Add("app", $"{i.App}, environment {i.Environment}, tier {i.Tier}, on target {i.Target}");
        facts.Add("phase", InstanceCells.Phase(i), $"for {Words.Age(now - i.ChangedAt)}, wanted: {i.Desired}{(i.Hold == InstanceHold.None ? "" : $", held {i.Hold.ToString().ToLowerInvariant()}")}");
        facts.Add("health", InstanceCells.Health(i));
        if (i.Reason.Length > 0)
            facts.Add("reason", i.Reason);
        if (i.Failures > 0)
            facts.Add("failures", $"{i.Failures} in a row");
        if (i.Rest is { Length: > 0 } rest)
            facts.Add("rest", rest);
        if (i.Url is not null)
            facts.Add("url", i.Url);
        if (i.Hosts.Count > 0)
            facts.Add("hosts", string.Join(", ", i.Hosts));
        facts.Add("release", i.Release == i.RunningRelease ? i.Release : $"{i.Release} (running: {i.RunningRelease ?? "none"})");
        facts.Add("generation", i.Generation == i.ObservedGeneration ? $"{i.Generation}" : $"{i.Generation} (seen: {i.ObservedGeneration})");
        if (i.Features.Count > 0)
            facts.Add("features", string.Join(", ", i.Features.Select(f => $"{f.Key}={f.Value}")));
        if (i.Wake is { } wake)
            facts.Add("last wake", $"{Words.Time(wake.At)} from {wake.From}: platform {Words.Took(TimeSpan.FromSeconds(wake.PlatformSeconds))}, app {Words.Took(TimeSpan.FromSeconds(wake.AppSeconds))}");
        facts.Add("created", $"{Words.Time(i.CreatedAt)} ({Words.Age(now - i.CreatedAt)} ago)");
        facts.Write(output);

        if (i.Resources.Count > 0)
        {
            output.Line();
            var table = new TextTable("RESOURCE", "NAME", "STATE", "DETAIL");
            foreach (var r in i.Resources)
                table.Row(r.Kind, r.Name, r.State, r.Detail);
            table.Write(output, "");
        }

        if (i.Wakes.Count > 0)
        {
            output.Line();
            WakeText.Write(output, i.Wakes, "");
        }

        if (i.Drift.Count > 0)
        {
            output.Line();
            var table = new TextTable("DRIFT", "WANTED", "SEEN");
            foreach (var d in i.Drift)
                table.Row(Cell.Busy(d.Resource), d.Wanted, d.Seen);
            table.Write(output, "");
        }

        if (i.Conditions.Count > 0)
        {
            output.Line();
            var table = new TextTable("CONDITION", "VALUE", "SINCE", "REASON");
            foreach (var c in i.Conditions)
                table.Row(c.Type, c.Value ? "true" : "false", Words.Age(now - c.Since), c.Reason);
            table.Write(output, "");
        }
    }
}
