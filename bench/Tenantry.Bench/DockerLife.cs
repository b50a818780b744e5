using System.Diagnostics;
using Tenantry.Client;
using Tenantry.Model.Wire;

namespace Tenantry.Bench;

/// <summary>
/// Rest and its end on target `docker` beside the engine's own stop, start, pause and unpause. Each pair begins with a request over a Unix socket and has the same
/// end: the container is stopped or paused, or the app's first 200, by the gateway for the one and a published port for the other.
/// </summary>
internal sealed class DockerLife(ControlPlane plane, DockerPeer peer, int rounds, Report report)
{
    private const string App = "bench-life";
    private const string Name = "life";

    // Ends by its signal, so that nobody waits for a grace to pass.
    private const string Script = "trap 'kill $!; exit 0' TERM; /bin/busybox httpd -f -p 8080 -h /www & wait";

    private const string Manifest = $$"""
        app: {{App}}
        version: "1"
        services:
          web:
            image: bench:latest
            command: [/bin/sh, -c, "{{Script}}"]
            ports: [8080]
            health: { http: /, interval: 30s }
        tiers:
          small: { memory: 16MB, memoryReservation: 8MB, cpu: 0.5, pids: 32 }
        """;

    private readonly InstancesClient instances = plane.Client.Instances;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await plane.Client.Apps.Apply(new ApplyAppRequest(Manifest)).SendAsync(cancellationToken);
        var fleet = new Fleet(plane, App, "docker");
        await fleet.CreateUntilAnswerAsync(Name, cancellationToken);
        var port = await peer.RunPublishedAsync(Name, ["/bin/sh", "-c", Script], cancellationToken);
        await Answer.UntilOkAsync(port, "localhost", cancellationToken);
        Task OursAsync() => Answer.UntilOkAsync(plane.GatewayPort, fleet.HostOf(Name), cancellationToken);
        Task TheirsAsync() => Answer.UntilOkAsync(port, "localhost", cancellationToken);

        var pairs = new[] { new Pair("sleep / stop"), new Pair("wake / start, to the first 200"), new Pair("freeze / pause"), new Pair("wake / unpause, to the first 200") };
        for (var round = 0; round < rounds; round++)
        {
            await pairs[0].TakeAsync(() => DoAsync(instances.Sleep(Name), cancellationToken), () => peer.PostAsync($"/containers/{Name}/stop", cancellationToken));
            await pairs[1].TakeAsync(() => WakeAsync(OursAsync, cancellationToken), () => StartAsync("start", TheirsAsync, cancellationToken));
            await DoneAsync(cancellationToken);
            await pairs[2].TakeAsync(() => DoAsync(instances.Freeze(Name), cancellationToken), () => peer.PostAsync($"/containers/{Name}/pause", cancellationToken));
            await pairs[3].TakeAsync(() => WakeAsync(OursAsync, cancellationToken), () => StartAsync("unpause", TheirsAsync, cancellationToken));
            await DoneAsync(cancellationToken);
        }

        await peer.RemoveAsync([Name], cancellationToken);
        report.Say("## Stop, start, pause, unpause");
        report.Table([["verb", "tenantry p50 ms", "p95", "engine's API p50 ms", "p95", "ratio of p50"], .. pairs.Select(pair => pair.Row())]);
        report.Say("Both sides are asked over a Unix socket by a client that stays connected, and run the same command with the same limits. Tenantry's part holds the record of the operation, the look at the engine before and after, and the way through the gateway.");
    }

    private async Task DoAsync(Change<InstanceChange> change, CancellationToken cancellationToken)
    {
        if ((await change.SendAsync(cancellationToken)).Operation is { } operation)
            await plane.Client.Operations.WaitAsync(operation.Id, cancellationToken);
    }

    private async Task WakeAsync(Func<Task> answered, CancellationToken cancellationToken)
    {
        await instances.Wake(Name).SendAsync(cancellationToken);
        await answered();
    }

    private async Task StartAsync(string verb, Func<Task> answered, CancellationToken cancellationToken)
    {
        await peer.PostAsync($"/containers/{Name}/{verb}", cancellationToken);
        await answered();
    }

    // The first answer comes before the operation's end; the next verb must not meet it.
    private async Task DoneAsync(CancellationToken cancellationToken)
    {
        while (await instances.GetAsync(Name, cancellationToken) is not { Phase: Model.Instances.InstancePhase.Running, Health: Model.Instances.InstanceHealth.Healthy })
            await Task.Delay(5, cancellationToken);
    }

    private sealed class Pair(string verb)
    {
        private readonly Samples ours = new();
        private readonly Samples theirs = new();

        public async Task TakeAsync(Func<Task> one, Func<Task> other)
        {
            ours.Add(await TimeAsync(one));
            theirs.Add(await TimeAsync(other));
        }

        public IReadOnlyList<string> Row() =>
            [verb, Report.Number(ours.P50), Report.Number(ours.P95), Report.Number(theirs.P50), Report.Number(theirs.P95), Report.Number(ours.P50 / theirs.P50)];

        private static async Task<TimeSpan> TimeAsync(Func<Task> work)
        {
            var started = Stopwatch.GetTimestamp();
            await work();
            return Stopwatch.GetElapsedTime(started);
        }
    }
}
