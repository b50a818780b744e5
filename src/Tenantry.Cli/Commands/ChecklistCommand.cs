using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using Tenantry.Cli.Running;
using Tenantry.Model.Instances;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry checklist TENANT</c>: what a new customer needs, each point looked at.</summary>
internal static class ChecklistCommand
{
    private static readonly TimeSpan NamePatience = TimeSpan.FromSeconds(5);

    public static Command Create(CliHost host)
    {
        var name = CommandOptions.Name("tenant", "The tenant.");
        var slug = new Option<string?>("--slug") { Description = "Which of its instances, when it has several.", HelpName = "SLUG" };
        return new Command("checklist", "The onboarding checklist of a tenant, with what is already true ticked by looking.") { name, slug }.Does(host, async call =>
        {
            var instance = await call.Client.Instances.GetAsync(await TenantInstances.OneAsync(call, call.Required(name), call.Value(slug)), call.CancellationToken);
            var points = await LookAsync(call, instance);
            if (call.Output.Json)
                call.Output.Array(points.Select(point => new ChecklistPointResponse(point.Part, point.What, point.IsTrue, point.Hint)));
            else
                Write(call, instance, points);
            return (int)(points.TrueForAll(point => point.IsTrue) ? ExitCode.Done : ExitCode.Failed);
        });
    }

    private static async Task<List<Point>> LookAsync(Call call, InstanceDetailResponse instance)
    {
        var secrets = await call.Client.Secrets.ListAsync(instance.Slug, call.CancellationToken).ToListAsync(call.CancellationToken);
        var missing = secrets.Where(secret => secret is { Required: true, Set: false, Upcoming: false }).Select(secret => secret.Name).ToList();
        var points = new List<Point>
        {
            new("Before", "secrets are set", missing.Count == 0, missing.Count == 0 ? "" : $"missing: {string.Join(", ", missing)}; 'tenantry secret set {instance.Slug} NAME'"),
            new("Deployment", "everything is made", Made(instance), instance.Reason),
            new("Deployment", "it runs the release that is wanted", instance.RunningRelease == instance.Release, $"'tenantry deploy {instance.Slug}'"),
            new("Deployment", "health checks pass", instance.Health == InstanceHealth.Healthy, instance.Reason.Length > 0 ? instance.Reason : $"it is {instance.Phase} and {instance.Health}"),
            new("Deployment", "nothing was changed by hand", instance.Drift.Count == 0, string.Join("; ", instance.Drift.Select(item => $"{item.Resource} is {item.Seen}"))),
        };
        await foreach (var look in call.Client.Instances.LookAsync(instance.Slug, call.CancellationToken))
            points.Add(new Point("After", look.What, look.IsTrue, look.Hint));
        foreach (var host in instance.Hosts)
            points.Add(new Point("After", $"{host} leads somewhere", await HasAddressAsync(host, call.CancellationToken), "add it to the DNS"));
        points.Add(new Point("Handoff", $"the address can be given away{(instance.Url is null ? "" : $": {instance.Url}")}", instance is { Url: not null, Health: InstanceHealth.Healthy }, "it is not healthy yet"));
        return points;
    }

    private static bool Made(InstanceDetailResponse instance) => instance.Phase is InstancePhase.Running or InstancePhase.Asleep or InstancePhase.Frozen;

    private static async Task<bool> HasAddressAsync(string host, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(NamePatience);
        try
        {
            return (await Dns.GetHostAddressesAsync(host, limit.Token)).Length > 0;
        }
        catch (Exception error) when (error is SocketException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return false;
        }
    }

    private static void Write(Call call, InstanceDetailResponse instance, List<Point> points)
    {
        call.Output.Line($"{instance.Slug} on {instance.Target}, tier {instance.Tier}");
        foreach (var part in points.GroupBy(point => point.Part, StringComparer.Ordinal))
        {
            call.Output.Line(part.Key);
            foreach (var point in part)
                call.Output.Line($"  [{(point.IsTrue ? "x" : " ")}] {point.What}{(point.IsTrue || point.Hint.Length == 0 ? "" : $" ({point.Hint})")}");
        }
    }

    private sealed record Point(string Part, string What, bool IsTrue, string Hint);
}
